// A promise or a rule wants this agent to look at a ticket now.
import { toast } from "../ui/toast";
import { openNumber, say } from "./page";
import { onHeard } from "./socket";

export function startAlerts(): void {
  onHeard((message) => {
    if (message.type !== "ticket.alert" || message.ticket === openNumber()) return;
    toast(say("look-at", message.ticket), {
      action: say("open"),
      onAction: () => window.location.assign(`/inbox/${message.ticket}/`),
      seconds: 30,
    });
  });
}
