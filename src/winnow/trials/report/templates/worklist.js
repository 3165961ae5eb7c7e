"use strict";
const data = JSON.parse(document.getElementById("worklist").textContent);
const $ = (id) => document.getElementById(id);
const trials = [...document.querySelectorAll(".trial")];
const reviews = new Map();

// Offsets count code points, as Python does; JavaScript's own count UTF-16 units.
const points = new Map(data.notes.map((note) => [note.id, Array.from(note.text)]));

function openQuote(button) {
  const { note, start, end } = button.dataset;
  const text = points.get(note);
  if (!text) return;
  const mark = document.createElement("mark");
  mark.textContent = text.slice(+start, +end).join("");
  $("drawer-text").replaceChildren(text.slice(0, +start).join(""), mark, text.slice(+end).join(""));
  $("drawer-title").textContent = note;
  $("drawer").hidden = false;
  mark.scrollIntoView({ block: "center" });
}

function criterionShows(node, words, tier, outcome) {
  return (!tier || node.dataset.tier === tier) && (!outcome || node.dataset.outcome === outcome) &&
    (!words || node.textContent.toLowerCase().includes(words));
}

function filter() {
  const words = $("search").value.trim().toLowerCase();
  const tier = $("f-tier").value, outcome = $("f-outcome").value;
  const wanted = { summary: $("f-summary").value, status: $("f-status").value };
  const phase = $("f-phase").value;
  let shown = 0;
  for (const trial of trials) {
    const heading = trial.querySelector("summary").textContent.toLowerCase().includes(words);
    let some = false;
    for (const node of trial.querySelectorAll(".criterion")) {
      node.hidden = !criterionShows(node, heading ? "" : words, tier, outcome);
      some ||= !node.hidden;
    }
    const fits = Object.entries(wanted).every(([key, value]) => !value || trial.dataset[key] === value) &&
      (!phase || trial.dataset.phases.split("|").includes(phase));
    const narrowed = tier || outcome || (words && !heading);
    trial.hidden = !fits || (narrowed ? !some : Boolean(words) && !heading);
    shown += trial.hidden ? 0 : 1;
  }
  $("shown").textContent = `${shown} of ${trials.length} trials`;
}

function reorder() {
  const by = $("order").value;
  // Ties keep the order of the worklist, which broke them by conflicts and open criteria.
  const sorted = [...trials].sort((a, b) => b.dataset[by] - a.dataset[by] || a.dataset.place - b.dataset.place);
  sorted.forEach((trial, at) => {
    trial.querySelector(".place").textContent = at + 1;
    trial.querySelector(".score").textContent = (+trial.dataset[by]).toFixed(2);
  });
  $("trials").replaceChildren(...sorted);
}

function review(criterion, decision) {
  const node = (act) => criterion.querySelector(`[data-act=${act}]`);
  const said = criterion.querySelector(".done");
  const reviewer = $("reviewer").value.trim();
  const value = node("value").value, reason = node("reason").value.trim();
  if (!reviewer) { said.textContent = "Give the reviewer's name below first."; $("reviewer").focus(); return; }
  if (decision === "override" && !(value && reason)) { said.textContent = "An override needs a value and a reason."; return; }
  const id = criterion.dataset.criterion;
  reviews.set(id, {
    patient_id: data.patient.id, trial_id: criterion.closest(".trial").dataset.trial, criterion_id: id,
    decision, value: decision === "override" ? value : null, reason, reviewer, at: new Date().toISOString(),
    run_id: data.run || "",
  });
  said.textContent = decision === "override" ? `overridden: ${value}` : "accepted";
  criterion.dataset.reviewed = decision;
  $("count").textContent = `${reviews.size} review${reviews.size === 1 ? "" : "s"}`;
  $("export").disabled = false;
}

function exportReviews() {
  const content = JSON.stringify({ format: 1, patient: data.patient.id, reviews: [...reviews.values()] }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  link.download = "reviews.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

document.addEventListener("click", (event) => {
  const quote = event.target.closest(".quote");
  if (quote) return openQuote(quote);
  const act = event.target.dataset?.act;
  if (act === "accept" || act === "override") review(event.target.closest(".criterion"), act);
});
document.addEventListener("keydown", (event) => { if (event.key === "Escape") $("drawer").hidden = true; });
window.addEventListener("beforeunload", (event) => { if (reviews.size) event.preventDefault(); });
$("close").addEventListener("click", () => { $("drawer").hidden = true; });
$("export").addEventListener("click", exportReviews);
$("order").addEventListener("change", reorder);
$("search").addEventListener("input", filter);
for (const id of ["f-summary", "f-status", "f-phase", "f-tier", "f-outcome"]) $(id).addEventListener("change", filter);
filter();
