// Trusted Types: the one policy of our pages. HTML is what our server rendered, and the
// Content-Security-Policy lets nothing in it run; code from text is refused, and addresses of
// scripts are our own. Loaded first, before anything makes HTML.
interface Policy {
  createHTML(html: string): string;
  createScriptURL(address: string): string;
}

interface Factory {
  createPolicy(name: string, policy: Policy): unknown;
}

const factory = (window as { trustedTypes?: Factory }).trustedTypes;

factory?.createPolicy("default", {
  createHTML: (html) => html,
  createScriptURL(address) {
    if (new URL(address, location.href).origin === location.origin) return address;
    throw new TypeError("scripts come from this site alone");
  },
});

export {};
