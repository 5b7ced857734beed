// Theme and density: shown at once and kept with the user.
import { post } from "./request";

const root = document.documentElement;

/** Each choice: the attribute of its buttons, its name, and how the page shows it. */
const CHOICES = {
  themeChoice: {
    name: "theme",
    shown: () => root.dataset.bsTheme ?? "auto",
    show: (value: string) => {
      if (value === "auto") delete root.dataset.bsTheme;
      else root.dataset.bsTheme = value;
    },
  },
  densityChoice: {
    name: "density",
    shown: () => root.dataset.density ?? "comfortable",
    show: (value: string) => (root.dataset.density = value),
  },
};

function mark(): void {
  for (const [attribute, choice] of Object.entries(CHOICES))
    for (const button of document.querySelectorAll<HTMLElement>("[data-preferences] button"))
      if (button.dataset[attribute])
        button.setAttribute("aria-pressed", String(button.dataset[attribute] === choice.shown()));
}

document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-preferences] button");
  const address = button?.closest<HTMLElement>("[data-preferences]")?.dataset.preferences;
  if (!button || !address) return;
  for (const [attribute, choice] of Object.entries(CHOICES)) {
    const value = button.dataset[attribute];
    if (!value) continue;
    choice.show(value);
    void post(address, { [choice.name]: value });
  }
  mark();
});

mark();
