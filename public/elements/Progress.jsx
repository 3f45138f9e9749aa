// How far a tool call is, as its server tells. props: { tool, line, percent: 0 to 100 | null }
const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)

export default function Progress() {
  const { tool, line, percent } = props
  const isKnown = typeof percent === "number"
  return (
    <div className="flex flex-col gap-1" style={{ maxWidth: "28rem" }} data-progress={tool}>
      {isKnown && (
        <div
          role="progressbar"
          aria-label={t(`Progress of ${tool}`, `Fortschritt von ${tool}`)}
          aria-valuenow={percent}
          aria-valuemin={0}
          aria-valuemax={100}
          className="bg-muted"
          style={{ height: "0.375rem", borderRadius: "999px", overflow: "hidden" }}
        >
          <div className="bg-primary" style={{ width: `${percent}%`, height: "100%", transition: "width 0.25s" }} />
        </div>
      )}
      <p className="text-sm text-muted-foreground" style={{ overflowWrap: "anywhere" }}>
        {line}
      </p>
    </div>
  )
}
