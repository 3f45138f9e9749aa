// A server wants to use the model. props: { id, content: { server, tool, messages, system_prompt,
// max_tokens, can_remember }, answer | null, open }
import { useState } from "react"
import { Button } from "@/components/ui/button"
import { Card, CardContent, CardFooter, CardHeader, CardTitle } from "@/components/ui/card"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)
const FAILED = t("That did not work. Please try again in a moment.", "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.")
const SCOPES = {
  once: [t("Allow once", "Einmal erlauben"), t("Allowed once.", "Einmal erlaubt.")],
  chat: [t("In this chat", "In diesem Gespräch"), t("Allowed in this chat.", "In diesem Gespräch erlaubt.")],
  always: [t("Always", "Immer"), t("Always allowed.", "Immer erlaubt.")],
}
const ROLES = {
  system: t("Instruction", "Anweisung"),
  user: t("Question", "Frage"),
  assistant: t("Earlier answer", "Frühere Antwort"),
}

export default function Sampling() {
  const { server, tool, messages = [], system_prompt: system, max_tokens: most, can_remember: canRemember } = props.content ?? {}
  const [isSending, setIsSending] = useState(false)
  const [problem, setProblem] = useState("")
  const said = [...(system ? [{ role: "system", text: system }] : []), ...messages]
  const number = new Intl.NumberFormat(navigator.language).format(most ?? 0)

  const send = async (body) => {
    setIsSending(true)
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
    setIsSending(false)
  }
  const button = (label, body, isFirst = false) => (
    <Button key={label} size="sm" variant={isFirst ? "default" : "outline"} disabled={isSending} onClick={() => send(body)}>
      {label}
    </Button>
  )
  const decided = () => {
    const { decision, scope, expired } = props.answer ?? {}
    if (expired) return t("Nobody answered in time; it went on without.", "Niemand hat rechtzeitig geantwortet; es ging ohne weiter.")
    if (decision === "refuse") return t("Refused.", "Abgelehnt.")
    return SCOPES[decision && scope]?.[1] ?? t("This question is settled.", "Die Frage hat sich erledigt.")
  }
  const scopes = Object.keys(SCOPES).filter((scope) => scope === "once" || canRemember)

  return (
    <Card className="w-full max-w-xl" data-question={props.id} data-kind="sampling">
      <CardHeader>
        <CardTitle className="text-base break-words">{t(`“${server}” wants to use your model`, `„${server}“ möchte dein Modell benutzen`)}</CardTitle>
        <p className="text-sm text-muted-foreground">
          {t(
            `It asks the model this, and reads the answer: at most ${number} tokens, counted as yours.`,
            `Er fragt das Modell dies und liest die Antwort: höchstens ${number} Token, die als deine zählen.`,
          )}
        </p>
      </CardHeader>
      <CardContent className="flex flex-col gap-2">
        {said.map(({ role, text }, n) => (
          <div key={n} className="flex flex-col gap-1">
            <span className="text-xs text-muted-foreground">{ROLES[role] ?? role}</span>
            <p tabIndex={0} className="max-h-60 overflow-auto whitespace-pre-wrap break-words rounded-md bg-muted p-3 text-sm">
              {text}
            </p>
          </div>
        ))}
        <code className="text-xs break-words text-muted-foreground">
          {server} / {tool}
        </code>
      </CardContent>
      <CardFooter className="flex flex-wrap gap-2">
        {!props.open && <span className="text-sm">{decided()}</span>}
        {props.open && [
          ...scopes.map((scope, n) => button(SCOPES[scope][0], { decision: "approve", scope }, n === 0)),
          button(t("Refuse", "Ablehnen"), { decision: "refuse" }),
        ]}
        {problem && <span role="alert" className="text-sm text-destructive">{problem}</span>}
      </CardFooter>
    </Card>
  )
}
