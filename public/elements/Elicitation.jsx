// What a server asks of a person in the midst of a call: a form to fill in, or an address to open.
// props: { id, content: { server, tool, message, mode, fields | url, host }, answer | null, open }
import { useState } from "react"
import { ExternalLink } from "lucide-react"
import { Button } from "@/components/ui/button"
import { Card, CardContent, CardFooter, CardHeader, CardTitle } from "@/components/ui/card"
import { Input } from "@/components/ui/input"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)
const FAILED = t("That did not work. Please try again in a moment.", "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.")
const NEEDED = t("Please fill this in.", "Bitte ausfüllen.")
const NO_NUMBER = t("Please enter a number.", "Bitte eine Zahl eingeben.")
const CHOOSE = t("Choose one", "Auswählen")
const INPUTS = { email: "email", uri: "url", date: "date", "date-time": "datetime-local" }
const SELECT = "h-9 w-full rounded-md border border-input bg-background px-3 text-sm"

const OVER = {
  accept: t("Sent.", "Gesendet."),
  decline: t("Declined.", "Abgelehnt."),
  cancel: t("Left open; the server was told.", "Offen gelassen; der Server weiß es."),
}

const start = (field) => {
  if (field.type === "boolean") return field.default ?? false
  if (field.type === "choices") return field.default ?? []
  if (field.format === "date-time" && field.default) {
    const date = new Date(field.default)
    return isNaN(date) ? "" : new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16)
  }
  return String(field.default ?? "")
}

// What is sent for a field; undefined for nothing. Throws a sentence.
const read = (field, value) => {
  if (field.type === "boolean") return value
  const isEmpty = field.type === "choices" ? value.length === 0 : value.trim() === ""
  if (isEmpty && field.required) throw NEEDED
  if (isEmpty) return undefined
  if (field.type === "number" || field.type === "integer") {
    const number = Number(value.trim().replace(",", "."))
    if (!Number.isFinite(number)) throw NO_NUMBER
    return number
  }
  return field.format === "date-time" ? new Date(value).toISOString() : value
}

const shown = (field, value) => {
  const title = (one) => field.choices?.find((choice) => choice.value === one)?.title ?? String(one)
  if (typeof value === "boolean") return value ? t("yes", "ja") : t("no", "nein")
  return Array.isArray(value) ? value.map(title).join(", ") : title(value)
}

export default function Elicitation() {
  const { server, tool, message, mode, fields = [], url = "", host = "" } = props.content ?? {}
  const [values, setValues] = useState(Object.fromEntries(fields.map((field) => [field.name, start(field)])))
  const [wrong, setWrong] = useState({})
  const [problem, setProblem] = useState("")
  const [isSending, setIsSending] = useState(false)
  const [isOpened, setIsOpened] = useState(false)
  const isForm = mode === "form"
  const idOf = (field) => `${props.id}-${field.name}`

  const send = async (body) => {
    setIsSending(true)
    setProblem("")
    try {
      const answer = await fetch(`/api/v1/questions/${props.id}/answer`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      })
      if (!answer.ok) refused((await answer.json()).error)
    } catch {
      setProblem(FAILED)
    }
    setIsSending(false)
  }
  const refused = (error) => {
    const field = fields.find(({ name }) => name === error?.field)
    if (!field) return setProblem(error?.message ?? FAILED)
    setWrong({ [field.name]: error.message })
    document.getElementById(idOf(field))?.focus()
  }
  const submit = (event) => {
    event.preventDefault()
    const content = {}
    const found = {}
    for (const field of fields) {
      try {
        const value = read(field, values[field.name])
        if (value !== undefined) content[field.name] = value
      } catch (sentence) {
        found[field.name] = sentence
      }
    }
    setWrong(found)
    const first = fields.find(({ name }) => found[name])
    if (first) return document.getElementById(idOf(first))?.focus()
    send({ action: "accept", content })
  }
  const set = (field, value) => setValues((before) => ({ ...before, [field.name]: value }))

  const control = (field) => {
    const notes = [field.description && `${idOf(field)}-about`, wrong[field.name] && `${idOf(field)}-wrong`].filter(Boolean).join(" ")
    const common = { id: idOf(field), "aria-describedby": notes || undefined, "aria-invalid": Boolean(wrong[field.name]), "aria-required": field.required }
    if (field.type === "boolean") {
      return <input {...common} type="checkbox" className="h-4 w-4" checked={values[field.name]} onChange={(event) => set(field, event.target.checked)} />
    }
    if (field.type === "choice") {
      return (
        <select {...common} className={SELECT} value={values[field.name]} onChange={(event) => set(field, event.target.value)}>
          <option value="">{CHOOSE}</option>
          {field.choices.map(({ value, title }) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      )
    }
    if (field.type === "choices") return choices(field)
    const isNumber = field.type === "number" || field.type === "integer"
    return (
      <Input
        {...common}
        className="h-9"
        type={INPUTS[field.format] ?? "text"}
        inputMode={isNumber ? "decimal" : undefined}
        autoComplete="off"
        value={values[field.name]}
        onChange={(event) => set(field, event.target.value)}
      />
    )
  }
  const choices = (field) => (
    <div id={idOf(field)} tabIndex={-1} role="group" aria-labelledby={`${idOf(field)}-label`} className="flex flex-col gap-1">
      {field.choices.map(({ value, title }) => {
        const chosen = values[field.name]
        const other = (event) => set(field, event.target.checked ? [...chosen, value] : chosen.filter((one) => one !== value))
        return (
          <label key={value} className="flex items-center gap-2 text-sm">
            <input type="checkbox" className="h-4 w-4" checked={chosen.includes(value)} onChange={other} />
            {title}
          </label>
        )
      })}
    </div>
  )
  const label = (field) => {
    const text = [field.title, !field.required && field.type !== "boolean" && <span key="optional" className="font-normal text-muted-foreground">{` (${t("optional", "freiwillig")})`}</span>]
    if (field.type === "choices") return <span id={`${idOf(field)}-label`} className="text-sm font-medium">{text}</span>
    return (
      <label id={`${idOf(field)}-label`} htmlFor={idOf(field)} className="text-sm font-medium">
        {text}
      </label>
    )
  }
  const row = (field) => {
    const isBox = field.type === "boolean"
    return (
      <div key={field.name} className="flex flex-col gap-1">
        <div className={isBox ? "flex items-center gap-2" : "flex flex-col gap-1"}>
          {isBox ? [<span key="box" className="flex">{control(field)}</span>, <span key="label">{label(field)}</span>] : [<span key="label">{label(field)}</span>, <div key="field">{control(field)}</div>]}
        </div>
        {field.description && (
          <p id={`${idOf(field)}-about`} className="whitespace-pre-wrap break-words text-xs text-muted-foreground">
            {field.description}
          </p>
        )}
        {wrong[field.name] && (
          <p id={`${idOf(field)}-wrong`} role="alert" className="text-sm text-destructive">
            {wrong[field.name]}
          </p>
        )}
      </div>
    )
  }
  const button = (text, onClick, isFirst = false, type = "button") => (
    <Button key={text} size="sm" type={type} variant={isFirst ? "default" : "outline"} disabled={isSending} onClick={onClick}>
      {text}
    </Button>
  )
  const no = () => [
    button(t("Decline", "Ablehnen"), () => send({ action: "decline" })),
    button(t("Cancel", "Abbrechen"), () => send({ action: "cancel" })),
  ]
  const visit = () => {
    window.open(url, "_blank", "noopener,noreferrer")
    setIsOpened(true)
  }
  const decided = () => {
    const { action, expired } = props.answer ?? {}
    if (expired) return t("Nobody answered in time; it went on without.", "Niemand hat rechtzeitig geantwortet; es ging ohne weiter.")
    if (action === "accept" && !isForm) return t("Done.", "Erledigt.")
    return OVER[action] ?? t("This question is settled.", "Die Frage hat sich erledigt.")
  }
  const given = Object.entries(props.answer?.content ?? {})

  return (
    <Card className="w-full max-w-xl" data-question={props.id} data-kind="elicitation">
      <form noValidate onSubmit={submit}>
        <CardHeader>
          <CardTitle className="text-base break-words">
            {isForm ? t(`“${server}” asks you something`, `„${server}“ fragt dich etwas`) : t(`“${server}” sends you to a page`, `„${server}“ schickt dich auf eine Seite`)}
          </CardTitle>
          <p className="whitespace-pre-wrap break-words text-sm">{message}</p>
        </CardHeader>
        <CardContent className="flex flex-col gap-3">
          {props.open && isForm && fields.map(row)}
          {!props.open &&
            given.map(([name, value]) => {
              const field = fields.find((one) => one.name === name) ?? { title: name }
              return (
                <p key={name} className="text-sm break-words">
                  <span className="text-muted-foreground">{field.title}: </span>
                  {shown(field, value)}
                </p>
              )
            })}
          {!isForm && address(url, host)}
          {props.open && (
            <p className="text-xs text-muted-foreground">
              {isForm
                ? t("The server reads what you send. Never enter a password here.", "Der Server liest, was du sendest. Gib hier nie ein Passwort ein.")
                : t("This page is not Keiko's. Look at its name before you trust it.", "Diese Seite gehört nicht zu Keiko. Sieh dir ihren Namen an, bevor du ihr traust.")}
            </p>
          )}
          <code className="text-xs break-words text-muted-foreground">
            {server} / {tool}
          </code>
        </CardContent>
        <CardFooter className="flex flex-wrap gap-2">
          {!props.open && <span className="text-sm">{decided()}</span>}
          {props.open && isForm && [button(t("Send", "Senden"), undefined, true, "submit"), ...no()]}
          {props.open && !isForm && [
            <Button key="open" size="sm" type="button" variant={isOpened ? "outline" : "default"} onClick={visit}>
              <ExternalLink className="h-4 w-4" aria-hidden="true" />
              {t("Open the page", "Seite öffnen")}
            </Button>,
            isOpened && button(t("Done", "Fertig"), () => send({ action: "accept" }), true),
            button(t("Decline", "Ablehnen"), () => send({ action: "decline" })),
          ]}
          {problem && <span role="alert" className="text-sm text-destructive">{problem}</span>}
        </CardFooter>
      </form>
    </Card>
  )
}

// The whole address, with the name of its host where an eye falls first.
const address = (url, host) => {
  const at = url.indexOf(host)
  return (
    <code className="break-words rounded-md bg-muted p-3 text-xs">
      {url.slice(0, at)}
      <strong className="text-sm">{host}</strong>
      {url.slice(at + host.length)}
    </code>
  )
}
