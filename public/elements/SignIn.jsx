// A tool's server wants to know who calls: sign in to it, and what waited goes on by itself.
// props: { id, content: { server, server_id, tool, scopes, provider }, answer | null, open }
import { useState } from "react"
import { ExternalLink } from "lucide-react"
import { Button } from "@/components/ui/button"
import { Card, CardContent, CardFooter, CardHeader, CardTitle } from "@/components/ui/card"
import { Input } from "@/components/ui/input"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)
const FAILED = t("That did not work. Please try again in a moment.", "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.")
const WHY_NOT = t("Why not (Keiko reads it)", "Warum nicht (Keiko liest es)")

export default function SignIn() {
  const { server, server_id: serverId, tool, provider, scopes = [] } = props.content ?? {}
  const [begun, setBegun] = useState(null) // { address, host, scopes }, once a sign-in has begun
  const [reason, setReason] = useState(null)
  const [problem, setProblem] = useState("")
  const [isBusy, setIsBusy] = useState(false)

  const ask = async (path, body) => {
    setIsBusy(true)
    setProblem("")
    try {
      const answer = await fetch(`/api/v1${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Accept-Language": isGerman ? "de" : "en" },
        body: JSON.stringify(body),
      })
      const { data, error } = await answer.json()
      if (answer.ok) return data
      setProblem(error?.message ?? FAILED)
    } catch {
      setProblem(FAILED)
    } finally {
      setIsBusy(false)
    }
    return null
  }
  const signIn = async () => {
    const page = window.open("", "_blank") // now, while the browser still sees the click
    const found = await ask(`/mcp/servers/${serverId}/sign-in`, {})
    setBegun(found)
    if (found && page) page.location.replace(found.address)
    else page?.close()
  }
  const refuse = (event) => {
    event.preventDefault()
    ask(`/questions/${props.id}/answer`, { decision: "refuse", reason: reason.trim() })
  }
  const decided = () => {
    const { decision, expired, reason: told } = props.answer ?? {}
    if (expired) return t("Nobody signed in in time; it was not used.", "Niemand hat sich rechtzeitig angemeldet; es blieb aus.")
    if (decision === "signed_in") return t("You are signed in.", "Du bist angemeldet.")
    if (decision === "refuse") return [t("Not signed in.", "Nicht angemeldet."), told].filter(Boolean).join(" ")
    return t("This question is settled.", "Die Frage hat sich erledigt.")
  }
  const wanted = begun?.scopes ?? scopes

  return (
    <Card className="w-full max-w-xl" data-question={props.id} data-kind={props.kind}>
      <CardHeader>
        <CardTitle className="text-base">{t(`Sign in to “${server}”?`, `Bei „${server}“ anmelden?`)}</CardTitle>
        <p className="text-sm text-muted-foreground">
          {provider ? t(
            `It works with your account at ${provider}. You say yes to that, and sign in there; Keiko never sees your password. Nothing has happened so far.`,
            `Er arbeitet mit deinem Konto bei ${provider}. Du erlaubst es und meldest dich dort an; Keiko sieht dein Passwort nie. Bisher ist nichts geschehen.`,
          ) : t(
            "It wants to know who calls. You sign in on a page of theirs; Keiko never sees your password. Nothing has happened so far.",
            "Dort will man wissen, wer anfragt. Du meldest dich auf deren Seite an; Keiko sieht dein Passwort nie. Bisher ist nichts geschehen.",
          )}
        </p>
      </CardHeader>
      <CardContent className="flex flex-col gap-2 text-sm">
        <code className="font-semibold break-words">
          <span className="font-normal text-muted-foreground">{server} / </span>
          {tool}
        </code>
        {wanted.length > 0 && (
          <p className="flex flex-wrap gap-2 break-words">
            {t("It asks for: ", "Verlangt wird: ")}
            {wanted.map((scope) => (
              <code key={scope} className="rounded-md bg-muted px-1">
                {scope}{" "}
              </code>
            ))}
          </p>
        )}
        {props.open && begun && (
          <p role="status" className="break-words">
            {t("You sign in at ", "Du meldest dich an bei ")}
            <a className="inline-flex items-center gap-1 font-medium underline" href={begun.address} target="_blank" rel="noreferrer">
              {begun.host}
              <ExternalLink className="h-3 w-3" aria-hidden="true" />
            </a>
            {t(". This goes on by itself when you are back.", ". Hier geht es von selbst weiter, sobald du zurück bist.")}
          </p>
        )}
      </CardContent>
      <CardFooter className="flex flex-wrap gap-2">
        {!props.open && <span className="text-sm">{decided()}</span>}
        {props.open && (
          <Button size="sm" disabled={isBusy} onClick={signIn}>
            {t("Sign in to continue", "Anmelden und weiter")}
          </Button>
        )}
        {props.open && reason === null && (
          <Button size="sm" variant="outline" disabled={isBusy} onClick={() => setReason("")}>
            {t("Refuse", "Ablehnen")}
          </Button>
        )}
        {props.open && reason !== null && (
          <form className="flex w-full flex-wrap gap-2" onSubmit={refuse}>
            <Input
              autoFocus
              className="h-9 min-w-0 flex-1"
              maxLength={1000}
              value={reason}
              aria-label={WHY_NOT}
              placeholder={WHY_NOT}
              onChange={(event) => setReason(event.target.value)}
            />
            <Button size="sm" type="submit" variant="outline" className="h-9" disabled={isBusy}>
              {t("Refuse", "Ablehnen")}
            </Button>
          </form>
        )}
        {problem && <span role="alert" className="text-sm text-destructive">{problem}</span>}
      </CardFooter>
    </Card>
  )
}
