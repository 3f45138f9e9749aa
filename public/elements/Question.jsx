// What only a person can decide about a tool call: whether it may be made, or whether it happened.
// props: { id, kind, content: { tool, server, arguments, … }, answer | null, open }
import { useState } from "react"
import { Button } from "@/components/ui/button"
import { Card, CardContent, CardFooter, CardHeader, CardTitle } from "@/components/ui/card"
import { Input } from "@/components/ui/input"
import { Textarea } from "@/components/ui/textarea"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)
const FAILED = t("That did not work. Please try again in a moment.", "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.")
const OVER = t("This question is settled.", "Die Frage hat sich erledigt.")

const OUTCOMES = {
  happened: [t("It happened", "Es ist geschehen"), t("It happened.", "Es ist geschehen.")],
  repeat: [t("Repeat it", "Noch einmal ausführen"), t("It is repeated.", "Wird noch einmal ausgeführt.")],
  skip: [t("Leave it", "Sein lassen"), t("It is left.", "Bleibt sein.")],
}
const SCOPES = {
  once: [t("Allow once", "Einmal erlauben"), t("Allowed once.", "Einmal erlaubt.")],
  chat: [t("In this chat", "In diesem Gespräch"), t("Allowed in this chat.", "In diesem Gespräch erlaubt.")],
  always: [t("Always", "Immer"), t("Always allowed, until the tool changes.", "Immer erlaubt, bis sich das Werkzeug ändert.")],
}
const ACCEPT = [t("Accept and use it", "Annehmen und benutzen"), t("Accepted as it is now.", "Angenommen, wie es jetzt ist.")]
const WORDS = {
  unknown_outcome: [
    t("Did this happen?", "Ist das geschehen?"),
    () =>
      t(
        "The connection broke while this tool was running. Whether it had any effect is not known.",
        "Die Verbindung brach ab, während dieses Werkzeug lief. Ob es etwas bewirkt hat, ist unbekannt.",
      ),
  ],
  approval: [
    t("May this tool be used?", "Darf dieses Werkzeug benutzt werden?"),
    ({ destructive }) =>
      destructive
        ? t("It may change or delete something. Nothing happens before you decide.", "Es kann etwas ändern oder löschen. Bevor du entscheidest, geschieht nichts.")
        : t("It may add something. Nothing happens before you decide.", "Es kann etwas hinzufügen. Bevor du entscheidest, geschieht nichts."),
  ],
}

const CHANGED = t(
  "This tool describes itself differently now than when it was accepted. Nothing happens before you decide.",
  "Dieses Werkzeug beschreibt sich jetzt anders als bei seiner Annahme. Bevor du entscheidest, geschieht nichts.",
)
const DOUBTED = t("You allow this tool, and are asked all the same. Nothing happens before you decide.", "Du erlaubst dieses Werkzeug und wirst trotzdem gefragt. Bevor du entscheidest, geschieht nichts.")
const pretty = (value) => JSON.stringify(value ?? {}, null, 2)

// Why a call is asked about that would be allowed otherwise: where it would take what.
function doubts({ hosts = [], sources = [], is_influenced: isInfluenced }) {
  return [
    hosts.length > 0 &&
      t(
        `It would send to ${hosts.join(", ")}. You have not named this, and nothing you allowed in this chat went there. A text that was read may want it so.`,
        `Es würde an ${hosts.join(", ")} senden. Das hast du nicht genannt, und nichts, was du in diesem Gespräch erlaubt hast, ging dorthin. Vielleicht will es ein Text so, der gelesen wurde.`,
      ),
    sources.length > 0 &&
      t(
        `It passes on what “${sources.join("”, “")}” said, to a server that got nothing in this chat so far.`,
        `Es gibt weiter, was „${sources.join("“, „")}“ gesagt hat, an einen Server, der in diesem Gespräch noch nichts bekam.`,
      ),
    isInfluenced &&
      t(
        "Something from elsewhere was read in this chat. Is this what you want to be remembered?",
        "In diesem Gespräch wurde etwas von anderswo gelesen. Soll das wirklich gemerkt werden?",
      ),
  ].filter(Boolean)
}

// What a tool said of itself, and says now: as plain text, for it may be written to deceive.
function Change({ before, now }) {
  const parts = [
    [t("Description", "Beschreibung"), before.description, now.description],
    [t("Arguments", "Angaben"), pretty(before.input_schema), pretty(now.input_schema)],
    [t("Only reads, it says", "Liest nur, sagt es"), t(...YES_NO(before.read_only)), t(...YES_NO(now.read_only))],
    [t("May delete, it says", "Kann löschen, sagt es"), t(...YES_NO(before.destructive)), t(...YES_NO(now.destructive))],
  ].filter(([, old, fresh]) => old !== fresh)
  return parts.map(([name, old, fresh]) => (
    <div key={name} className="flex flex-col gap-1 text-xs" data-change={name}>
      {[
        [t("before", "vorher"), old],
        [t("now", "jetzt"), fresh],
      ].map(([when, text]) => (
        <div key={when}>
          <span className="font-medium text-muted-foreground">{`${name}, ${when}:`}</span>
          <pre className="max-h-60 overflow-auto whitespace-pre-wrap break-words rounded-md bg-muted p-3 text-xs">{text}</pre>
        </div>
      ))}
    </div>
  ))
}
const YES_NO = (value) => (value ? ["yes", "ja"] : ["no", "nein"])

export default function Question() {
  const given = JSON.stringify(props.content?.arguments ?? {}, null, 2)
  const [isAsking, setIsAsking] = useState(false)
  const [problem, setProblem] = useState("")
  const [edited, setEdited] = useState(null) // the arguments as text, once they are being changed
  const [reason, setReason] = useState(null)
  const { tool, server, can_remember: canRemember, change, doubt } = props.content ?? {}
  const [title, why] = WORDS[props.kind] ?? WORDS.unknown_outcome
  const isApproval = props.kind === "approval"

  const send = async (body) => {
    setIsAsking(true)
    setProblem("")
    try {
      const answer = await fetch(`/api/v1/questions/${props.id}/answer`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      })
      if (!answer.ok) setProblem((await answer.json()).error?.message ?? FAILED)
    } catch {
      setProblem(FAILED)
    }
    setIsAsking(false)
  }
  const allow = (scope) => {
    if (edited === null || edited === given) return send({ decision: "approve", scope })
    try {
      const changed = JSON.parse(edited)
      if (changed === null || typeof changed !== "object" || Array.isArray(changed)) throw new SyntaxError()
      return send({ decision: "approve", scope, arguments: changed })
    } catch {
      setProblem(t("These arguments are no JSON object. Nothing was sent.", "Diese Angaben sind kein JSON-Objekt. Es wurde nichts gesendet."))
    }
  }
  const button = (label, onClick, isFirst = false) => (
    <Button key={label} size="sm" variant={isFirst ? "default" : "outline"} disabled={isAsking} onClick={onClick}>
      {label}
    </Button>
  )
  const approvals = () => {
    const scopes = Object.keys(SCOPES).filter((scope) => scope === "once" || canRemember)
    return [
      ...scopes.map((scope, n) => button(change?.only_reason ? ACCEPT[0] : SCOPES[scope][0], () => allow(scope), n === 0)),
      edited === null && button(t("Change", "Ändern"), () => setEdited(given)),
      reason === null && button(t("Refuse", "Ablehnen"), () => setReason("")),
    ]
  }
  const refusal = () => (
    <form
      key="reason"
      className="flex w-full flex-wrap gap-2"
      onSubmit={(event) => {
        event.preventDefault()
        send({ decision: "refuse", reason: reason.trim() })
      }}
    >
      <Input
        autoFocus
        className="h-9 min-w-0 flex-1"
        maxLength={1000}
        value={reason}
        aria-label={t("Why not (Keiko reads it)", "Warum nicht (Keiko liest es)")}
        placeholder={t("Why not (Keiko reads it)", "Warum nicht (Keiko liest es)")}
        onChange={(event) => setReason(event.target.value)}
      />
      <Button size="sm" type="submit" variant="outline" className="h-9" disabled={isAsking}>
        {t("Refuse", "Ablehnen")}
      </Button>
    </form>
  )
  const decided = () => {
    const { outcome, decision, scope, reason: told, expired } = props.answer ?? {}
    if (expired) return t("Nobody answered in time; it was not used.", "Niemand hat rechtzeitig geantwortet; es blieb aus.")
    if (decision === "refuse") return [t("Refused.", "Abgelehnt."), told].filter(Boolean).join(" ")
    if (change?.only_reason && decision) return ACCEPT[1]
    return OUTCOMES[outcome]?.[1] ?? SCOPES[decision && scope]?.[1] ?? OVER
  }
  const shown = props.answer?.arguments ? JSON.stringify(props.answer.arguments, null, 2) : given

  return (
    <Card className="w-full max-w-xl" data-question={props.id} data-kind={props.kind}>
      <CardHeader>
        <CardTitle className="text-base">{title}</CardTitle>
        <p className="text-sm text-muted-foreground">{change ? CHANGED : doubt?.only_reason ? DOUBTED : why(props.content ?? {})}</p>
      </CardHeader>
      <CardContent className="flex flex-col gap-2">
        <code className="text-sm font-semibold break-words">
          {server && <span className="font-normal text-muted-foreground">{server} / </span>}
          {tool}
        </code>
        {doubt &&
          doubts(doubt).map((sentence) => (
            <p key={sentence} data-doubt className="rounded-md border border-amber-500/60 bg-amber-500/10 p-3 text-sm break-words">
              {sentence}
            </p>
          ))}
        {change && <Change {...change} />}
        {change && <span className="text-xs font-medium text-muted-foreground">{t("It would be called with:", "Aufgerufen würde es mit:")}</span>}
        {edited === null || !props.open ? (
          <pre className="max-h-60 overflow-auto whitespace-pre-wrap break-words rounded-md bg-muted p-3 text-xs">{shown}</pre>
        ) : (
          <Textarea
            className="min-h-32 font-mono text-xs"
            spellCheck={false}
            value={edited}
            aria-label={t("Arguments, as JSON", "Angaben, als JSON")}
            onChange={(event) => setEdited(event.target.value)}
          />
        )}
      </CardContent>
      <CardFooter className="flex flex-wrap gap-2">
        {!props.open && <span className="text-sm">{decided()}</span>}
        {props.open && !isApproval && Object.entries(OUTCOMES).map(([name, [label]], n) => button(label, () => send({ outcome: name }), n === 0))}
        {props.open && isApproval && approvals()}
        {props.open && reason !== null && refusal()}
        {problem && <span role="alert" className="text-sm text-destructive">{problem}</span>}
      </CardFooter>
    </Card>
  )
}
