"use strict";
// Sorts and filters tables, and unfolds on paper what browsers keep folded that do not know ::details-content. Without it,
// each table is whole, and in the order of the plan.
(() => {
  const status = document.getElementById("status");
  const collator = new Intl.Collator("en", { numeric: true });

  const keyOf = (row, column, isNumber) => {
    const cell = row.cells[column];
    if (!isNumber) return cell.textContent;
    return cell.dataset.key === undefined ? NaN : Number(cell.dataset.key);
  };

  const compare = (a, b, isNumber) => {
    if (!isNumber) return collator.compare(a, b);
    return a - b;
  };

  const sort = (table, column, header) => {
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    const isNumber = header.dataset.sort === "number";
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, key: keyOf(row, column, isNumber) }));
    const known = rows.filter((entry) => !Number.isNaN(entry.key));
    const unknown = rows.filter((entry) => Number.isNaN(entry.key));
    known.sort((a, b) => (ascending ? 1 : -1) * compare(a.key, b.key, isNumber));
    table.tBodies[0].append(...known.concat(unknown).map((entry) => entry.row));
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    status.textContent = `sorted by ${header.textContent}, ${ascending ? "ascending" : "descending"}`;
  };

  const addSorting = (table) => {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const label = header.querySelector(".label");
      if (header.dataset.sort === "none" || !label.textContent) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...label.childNodes);
      label.append(button);
      button.addEventListener("click", () => sort(table, column, header));
    });
  };

  const addFilter = (table) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const count = document.createElement("span");
    label.className = "filter";
    input.type = "search";
    input.placeholder = "words, all of which a row must have";
    label.append("Filter ", input, count, " Headings sort the table.");
    table.parentElement.before(label);
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
      status.textContent = count.textContent;
    });
  };

  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not([open])")];
    for (const details of unfolded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of unfolded) details.open = false;
  });

  for (const table of document.querySelectorAll(".table > table")) {
    if (table.tBodies[0].rows.length > 1) addSorting(table);
    if (table.dataset.filter !== undefined && table.tBodies[0].rows.length > 5) addFilter(table);
  }
})();
