// Light, dark or like the system: shown at once and kept with the user.
import { post } from "./request";

const root = document.documentElement;

function mark(): void {
  const chosen = root.dataset.bsTheme ?? "auto";
  for (const choice of document.querySelectorAll<HTMLElement>("[data-theme-choice]"))
    choice.setAttribute("aria-pressed", String(choice.dataset.themeChoice === chosen));
}

document.addEventListener("click", (event) => {
  const choice = (event.target as Element).closest<HTMLElement>("[data-theme-choice]");
  const address = choice?.closest<HTMLElement>("[data-preferences]")?.dataset.preferences;
  const theme = choice?.dataset.themeChoice;
  if (!theme || !address) return;
  if (theme === "auto") delete root.dataset.bsTheme;
  else root.dataset.bsTheme = theme;
  mark();
  void post(address, { theme });
});

mark();
