// How a turn stands, with what can be done about it. props: { task, state }
import { useState } from "react"
import { RotateCw, Undo2 } from "lucide-react"
import { Button } from "@/components/ui/button"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const retry = isGerman ? "Noch einmal versuchen" : "Try again"
const STATES = {
  queued: {
    note: isGerman ? "Wartet auf die laufende Antwort." : "Waits for the answer that is under way.",
    action: "withdraw",
    label: isGerman ? "Zurückziehen" : "Withdraw",
    icon: Undo2,
  },
  failed: { note: "", action: "retry", label: retry, icon: RotateCw },
  stopped: { note: isGerman ? "Angehalten." : "Stopped.", action: "retry", label: retry, icon: RotateCw },
}
const failed = isGerman
  ? "Das hat nicht geklappt. Bitte versuche es gleich noch einmal."
  : "That did not work. Please try again in a moment."

export default function Turn() {
  const [isAsking, setIsAsking] = useState(false)
  const [problem, setProblem] = useState("")
  const state = STATES[props.state]
  if (!state) return null

  const act = async () => {
    setIsAsking(true)
    setProblem("")
    try {
      const answer = await fetch(`/api/v1/tasks/${props.task}/${state.action}`, { method: "POST" })
      if (!answer.ok) setProblem((await answer.json()).error?.message ?? failed)
    } catch {
      setProblem(failed)
    }
    setIsAsking(false)
  }

  const Icon = state.icon
  return (
    <div className="flex flex-wrap items-center gap-3 text-sm text-muted-foreground" data-turn={props.state}>
      {state.note && <span>{state.note}</span>}
      <Button size="sm" variant="outline" disabled={isAsking} onClick={act}>
        <Icon className="size-4" aria-hidden="true" />
        {state.label}
      </Button>
      {problem && <span role="alert" className="text-destructive">{problem}</span>}
    </div>
  )
}
