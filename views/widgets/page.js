// start shows the controls of a figure in place of its still picture.
async function start(root, setup) {
  root.dataset.ready = "yes";
  await setup(root, JSON.parse(root.querySelector('script[type="application/json"]').textContent));
  root.querySelector(".controls").hidden = false;
  root.querySelector(".still").hidden = true;
}

// onTheme calls draw when the reader's theme changes: the system's, or JupyterLab's.
function onTheme(draw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.body, {attributes: true, attributeFilter: ["data-jp-theme-light"]});
}
