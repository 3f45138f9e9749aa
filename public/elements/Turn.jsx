// How a turn stands, with what can be done about it. props: { task, state, at }
import { useState } from "react"
import { ArrowUpToLine, Clock, Layers, Pause, Play, RotateCw, Square, Undo2 } from "lucide-react"
import { Button } from "@/components/ui/button"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const t = (english, german) => (isGerman ? german : english)

const ACTIONS = {
  withdraw: { label: t("Withdraw", "Zurückziehen"), icon: Undo2 },
  retry: { label: t("Try again", "Noch einmal versuchen"), icon: RotateCw },
  stop: { label: t("Stop", "Abbrechen"), icon: Square },
  resume: { label: t("Resume", "Fortsetzen"), icon: Play },
  foreground: { label: t("Bring to front", "Nach vorn holen"), icon: ArrowUpToLine },
}

const at = (moment) => {
  const date = new Date(moment)
  const isToday = date.toDateString() === new Date().toDateString()
  const style = isToday ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" }
  return new Intl.DateTimeFormat(navigator.language, style).format(date)
}

const STATES = {
  background: {
    note: () => t("Goes on in the background.", "Läuft im Hintergrund weiter."),
    icon: Layers,
    actions: ["foreground", "stop"],
  },
  later: {
    note: (moment) =>
      moment ? t(`Begins at ${at(moment)}.`, `Beginnt um ${at(moment)}.`) : t("Is held back.", "Ist zurückgehalten."),
    icon: Clock,
    actions: ["stop"],
  },
  paused: { note: () => t("Paused.", "Angehalten."), icon: Pause, actions: ["resume", "stop"] },
  queued: {
    note: () => t("Waits for the answer that is under way.", "Wartet auf die laufende Antwort."),
    actions: ["withdraw"],
  },
  retrying: {
    note: (moment) =>
      moment
        ? t(`That did not work. The next try is at ${at(moment)}.`, `Das hat nicht geklappt. Der nächste Versuch ist um ${at(moment)}.`)
        : t("That did not work. It is tried again soon.", "Das hat nicht geklappt. Gleich folgt ein neuer Versuch."),
    icon: Clock,
    actions: ["stop"],
  },
  failed: { note: () => "", actions: ["retry"] },
}
const failed = t(
  "That did not work. Please try again in a moment.",
  "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.",
)

export default function Turn() {
  const [isAsking, setIsAsking] = useState(false)
  const [problem, setProblem] = useState("")
  const state = STATES[props.state]
  if (!state) return null

  const act = async (action) => {
    setIsAsking(true)
    setProblem("")
    try {
      const answer = await fetch(`/api/v1/tasks/${props.task}/${action}`, { method: "POST" })
      if (!answer.ok) setProblem((await answer.json()).error?.message ?? failed)
    } catch {
      setProblem(failed)
    }
    setIsAsking(false)
  }

  const Sign = state.icon
  const note = state.note(props.at)
  return (
    <div className="flex flex-wrap items-center gap-3 text-sm text-muted-foreground" data-turn={props.state}>
      {note && (
        <span className="flex items-center gap-2">
          {Sign && <Sign className="size-4 shrink-0" aria-hidden="true" />}
          {note}
        </span>
      )}
      {state.actions.map((action) => {
        const { label, icon: Icon } = ACTIONS[action]
        return (
          <Button key={action} size="sm" variant="outline" disabled={isAsking} onClick={() => act(action)}>
            <Icon className="size-4" aria-hidden="true" />
            {label}
          </Button>
        )
      })}
      {problem && <span role="alert" className="text-destructive">{problem}</span>}
    </div>
  )
}
