const SVG = "http://www.w3.org/2000/svg";

/** An icon of the sprite, whose address the page gives in a meta tag. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  const sprite = document.querySelector<HTMLMetaElement>('meta[name="icons"]')?.content ?? "";
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
