// A tool call of which nobody knows whether it happened: only a person can say.
// props: { id, content: { tool, arguments }, answer: { outcome } | null, open }
import { useState } from "react"
import { Button } from "@/components/ui/button"
import { Card, CardContent, CardFooter, CardHeader, CardTitle } from "@/components/ui/card"

const isGerman = navigator.language.toLowerCase().startsWith("de")
const words = isGerman
  ? {
      title: "Ist das geschehen?",
      why: "Die Verbindung brach ab, während dieses Werkzeug lief. Ob es etwas bewirkt hat, ist unbekannt.",
      outcomes: { happened: "Es ist geschehen", repeat: "Noch einmal ausführen", skip: "Sein lassen" },
      decided: { happened: "Es ist geschehen.", repeat: "Wird noch einmal ausgeführt.", skip: "Bleibt sein." },
      over: "Die Frage hat sich erledigt.",
      failed: "Das hat nicht geklappt. Bitte versuche es gleich noch einmal.",
    }
  : {
      title: "Did this happen?",
      why: "The connection broke while this tool was running. Whether it had any effect is not known.",
      outcomes: { happened: "It happened", repeat: "Repeat it", skip: "Leave it" },
      decided: { happened: "It happened.", repeat: "It is repeated.", skip: "It is left." },
      over: "This question is settled.",
      failed: "That did not work. Please try again in a moment.",
    }

export default function Question() {
  const [isAsking, setIsAsking] = useState(false)
  const [problem, setProblem] = useState("")
  const { tool, arguments: given } = props.content ?? {}
  const outcome = props.answer?.outcome

  const decide = async (outcome) => {
    setIsAsking(true)
    setProblem("")
    try {
      const answer = await fetch(`/api/v1/questions/${props.id}/answer`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ outcome }),
      })
      if (!answer.ok) setProblem((await answer.json()).error?.message ?? words.failed)
    } catch {
      setProblem(words.failed)
    }
    setIsAsking(false)
  }

  return (
    <Card className="w-full max-w-xl" data-question={props.id}>
      <CardHeader>
        <CardTitle className="text-base">{words.title}</CardTitle>
        <p className="text-sm text-muted-foreground">{words.why}</p>
      </CardHeader>
      <CardContent className="flex flex-col gap-2">
        <code className="text-sm font-semibold">{tool}</code>
        <pre className="max-h-60 overflow-auto whitespace-pre-wrap break-words rounded-md bg-muted p-3 text-xs">
          {JSON.stringify(given ?? {}, null, 2)}
        </pre>
      </CardContent>
      <CardFooter className="flex flex-wrap gap-2">
        {props.open
          ? Object.entries(words.outcomes).map(([name, label]) => (
              <Button
                key={name}
                size="sm"
                variant={name === "happened" ? "default" : "outline"}
                disabled={isAsking}
                onClick={() => decide(name)}
              >
                {label}
              </Button>
            ))
          : <span className="text-sm">{words.decided[outcome] ?? words.over}</span>}
        {problem && <span role="alert" className="text-sm text-destructive">{problem}</span>}
      </CardFooter>
    </Card>
  )
}
