// Light, dark or like the system: kept in a cookie, so that the server draws the page right at once.
const root = document.documentElement;
const YEAR_S = 365 * 24 * 3600;

function mark(): void {
  const chosen = root.dataset.bsTheme ?? "";
  for (const choice of document.querySelectorAll<HTMLElement>("[data-theme-choice]"))
    choice.setAttribute("aria-pressed", String(choice.dataset.themeChoice === chosen));
}

document.addEventListener("click", (event) => {
  const choice = (event.target as Element).closest<HTMLElement>("[data-theme-choice]");
  if (!choice) return;
  const theme = choice.dataset.themeChoice ?? "";
  if (theme) root.dataset.bsTheme = theme;
  else delete root.dataset.bsTheme;
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR_S : 0}; samesite=lax`;
  mark();
});

mark();
