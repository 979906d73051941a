// Tabs by mouse and keys, after the ARIA pattern: one is in the tab order, arrows go to its neighbours.

export function tabs(opened) {
  const all = [...document.querySelectorAll("[role=tab]")];
  const open = (tab) => {
    for (const one of all) {
      one.setAttribute("aria-selected", String(one === tab));
      one.tabIndex = one === tab ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = one !== tab;
    }
    opened(tab);
  };
  for (const tab of all) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      const next = all[(all.indexOf(tab) + by + all.length) % all.length];
      open(next);
      next.focus();
    });
  }
}
