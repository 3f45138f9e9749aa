// What a message brings along from servers of tools, with the beginning of what was read of it.
// props: { items: [{ kind, server, name, uri, state, text, size, files, sentence: { en, de } }] }
import { FileText, Loader, ScrollText, TriangleAlert } from "lucide-react"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)

const amount = (size) => (size < 2000 ? `${size}\u202fB` : `${Math.round(size / 1000)}\u202fkB`)
const SIGNS = { waiting: Loader, failed: TriangleAlert }

function Head({ item }) {
  const Sign = SIGNS[item.state] ?? (item.kind === "prompt" ? ScrollText : FileText)
  return (
    <>
      <Sign className="size-4 shrink-0" aria-hidden="true" />
      <span className="min-w-0 break-words">
        <span className="sr-only">{item.kind === "prompt" ? t("Prompt: ", "Vorlage: ") : t("Attached: ", "Angehängt: ")}</span>
        {item.name} <span className="text-muted-foreground">· {item.server}</span>
        {item.state === "waiting" && <span className="text-muted-foreground"> · {t("is being read", "wird gelesen")}</span>}
        {item.state === "read" && item.size !== null && <span className="text-muted-foreground"> · {amount(item.size)}</span>}
      </span>
    </>
  )
}

function Item({ item }) {
  const note = item.sentence?.[isGerman ? "de" : "en"]
  const said = item.kind === "prompt" ? t("What the prompt says in your place", "Was die Vorlage an deiner Stelle sagt") : t("What was read", "Was gelesen wurde")
  const files = item.files ?? []
  return (
    <li className="rounded-lg border bg-background px-3 py-1.5 text-sm" data-attached={item.state} title={item.uri ?? undefined}>
      {item.text ? (
        <details>
          <summary className="flex cursor-pointer list-none items-center gap-2" aria-label={`${said}: ${item.name}`}>
            <Head item={item} />
          </summary>
          <p className="mt-2 text-xs text-muted-foreground">{said}:</p>
          <pre className="mt-1 max-h-64 overflow-auto whitespace-pre-wrap break-words text-xs" tabIndex={0}>{item.text}</pre>
        </details>
      ) : (
        <div className="flex items-center gap-2">
          <Head item={item} />
        </div>
      )}
      {files.map((file, n) => (
        <p key={n} className="mt-1 text-xs text-muted-foreground">
          {file.id ? (
            <a className="underline" href={`/api/v1/files/${file.id}`} download={file.name}>
              {file.name}
            </a>
          ) : (
            file.name
          )}{" "}
          ({file.kind || t("unknown kind", "unbekannte Art")}, {amount(file.size)})
        </p>
      ))}
      {note && <p className={`mt-1 text-xs ${item.state === "failed" ? "text-destructive" : "text-muted-foreground"}`}>{note}</p>}
    </li>
  )
}

export default function Attached() {
  return (
    <ul className="m-0 flex list-none flex-col gap-1.5 p-0">
      {(props.items ?? []).map((item, n) => (
        <Item key={n} item={item} />
      ))}
    </ul>
  )
}
