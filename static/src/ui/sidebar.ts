// On small screens the sidebar comes in from the side, over the page.
const sidebar = document.getElementById("sidebar");
const openers = document.querySelectorAll<HTMLElement>("[data-sidebar-open]");

let shade: HTMLButtonElement | undefined;

function open(opener: HTMLElement): void {
  shade = document.createElement("button");
  shade.className = "sidebar-shade";
  shade.tabIndex = -1;
  shade.setAttribute("aria-hidden", "true");
  shade.addEventListener("click", () => close(opener));
  sidebar?.after(shade);
  sidebar?.classList.add("is-open");
  opener.setAttribute("aria-expanded", "true");
  sidebar?.querySelector<HTMLElement>("a, button")?.focus();
}

function close(opener: HTMLElement): void {
  shade?.remove();
  shade = undefined;
  sidebar?.classList.remove("is-open");
  opener.setAttribute("aria-expanded", "false");
  opener.focus();
}

for (const opener of openers) {
  opener.addEventListener("click", () => open(opener));
  sidebar?.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shade) close(opener);
  });
  sidebar?.addEventListener("click", (event) => {
    if (shade && (event.target as Element).closest("a")) close(opener);
  });
}
