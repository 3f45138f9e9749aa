// What a tool call brought beside text. props: { tool, files: [{ id, name, kind, size, whole }], links: [{ uri, name, description }] }
import { useState } from "react"
import { Download, ExternalLink, FileText, ImageOff, Link as LinkSign, Music } from "lucide-react"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)

const size = (bytes) => {
  const [value, unit] = bytes < 1000 ? [bytes, "byte"] : bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"]
  const style = { style: "unit", unit, unitDisplay: unit === "byte" ? "long" : "short", maximumFractionDigits: value < 10 && unit !== "byte" ? 1 : 0 }
  return new Intl.NumberFormat(navigator.language, style).format(value)
}
const address = (file) => `/api/v1/files/${file.id}`
const note = "text-sm text-muted-foreground"

const Save = ({ file, children }) => (
  <a
    href={address(file)}
    download={file.name}
    className="inline-flex items-center gap-2 text-sm text-muted-foreground hover:text-foreground"
    style={{ minHeight: "1.75rem", maxWidth: "100%" }}
    aria-label={t(`Save ${file.name}`, `${file.name} speichern`)}
  >
    {children}
    <span className="truncate">{file.name}</span>
    <span className="shrink-0">{size(file.size)}</span>
    <Download className="size-4 shrink-0" aria-hidden="true" />
  </a>
)

function Picture({ file, number, tool }) {
  const [isGone, setIsGone] = useState(false)
  if (isGone)
    return (
      <p className={`flex items-center gap-2 ${note}`}>
        <ImageOff className="size-4 shrink-0" aria-hidden="true" />
        {t(`${file.name} cannot be shown.`, `${file.name} lässt sich nicht anzeigen.`)}
      </p>
    )
  return (
    <figure className="flex flex-col gap-1" style={{ margin: 0, maxWidth: "100%" }}>
      <a href={address(file)} target="_blank" rel="noreferrer" style={{ width: "fit-content", maxWidth: "100%" }}>
        <img
          src={address(file)}
          alt={t(`Image ${number} from ${tool}: ${file.name}`, `Bild ${number} von ${tool}: ${file.name}`)}
          className="rounded-md border"
          style={{ display: "block", maxWidth: "100%", maxHeight: "24rem", objectFit: "contain", minWidth: "1rem", minHeight: "1rem" }}
          loading="lazy"
          onError={() => setIsGone(true)}
        />
      </a>
      <figcaption>
        <Save file={file} />
      </figcaption>
    </figure>
  )
}

const Sound = ({ file }) => (
  <div className="flex flex-col gap-1" style={{ maxWidth: "100%" }}>
    <audio controls preload="metadata" src={address(file)} aria-label={file.name} style={{ width: "24rem", maxWidth: "100%" }} />
    <Save file={file}>
      <Music className="size-4 shrink-0" aria-hidden="true" />
    </Save>
  </div>
)

const Document = ({ file }) => (
  <div className="flex flex-col">
    {file.whole && <span className={note}>{t("The whole answer of the tool:", "Die ganze Antwort des Werkzeugs:")}</span>}
    <Save file={file}>
      <FileText className="size-4 shrink-0" aria-hidden="true" />
    </Save>
  </div>
)

const hostOf = (uri) => {
  try {
    return new URL(uri).host
  } catch {
    return ""
  }
}

const Address = ({ link }) => {
  const host = link.uri && hostOf(link.uri)
  return (
    <li className="flex flex-col text-sm" style={{ maxWidth: "100%", overflowWrap: "anywhere" }}>
      {host ? (
        <span className="inline-flex items-center gap-2">
          <ExternalLink className="size-4 shrink-0" aria-hidden="true" />
          <span>
            <a href={link.uri} target="_blank" rel="noopener noreferrer nofollow" style={{ textDecoration: "underline" }}>
              {link.name}
            </a>{" "}
            <span className="text-muted-foreground">({host})</span>
          </span>
        </span>
      ) : (
        <span className="inline-flex items-center gap-2">
          <LinkSign className="size-4 shrink-0" aria-hidden="true" />
          {link.name}
        </span>
      )}
      {link.description && <span className="text-muted-foreground">{link.description}</span>}
    </li>
  )
}

export default function Files() {
  const files = props.files ?? []
  const links = props.links ?? []
  const images = files.filter((file) => file.kind.startsWith("image/"))
  const sounds = files.filter((file) => file.kind.startsWith("audio/"))
  const others = files.filter((file) => !images.includes(file) && !sounds.includes(file))
  return (
    <div
      role="group"
      aria-label={t(`What ${props.tool} brought`, `Was ${props.tool} gebracht hat`)}
      className="flex flex-col gap-3"
      style={{ maxWidth: "100%", minWidth: 0 }}
      data-files={files.length}
    >
      {images.map((file, index) => (
        <Picture key={file.id} file={file} number={index + 1} tool={props.tool} />
      ))}
      {sounds.map((file) => (
        <Sound key={file.id} file={file} />
      ))}
      {others.map((file) => (
        <Document key={file.id} file={file} />
      ))}
      {links.length > 0 && (
        <ul className="flex flex-col gap-2" style={{ listStyle: "none", margin: 0, padding: 0 }}>
          {links.map((link, index) => (
            <Address key={index} link={link} />
          ))}
        </ul>
      )}
    </div>
  )
}
