"use strict";

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function resolved(description, schema) {
  if (!schema || !schema.$ref) return schema || {};
  return description.components.schemas[schema.$ref.split("/").pop()];
}

function rule(schema) {
  if (schema.anyOf) return schema.anyOf.map(rule).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return "one of " + schema.enum.map((v) => JSON.stringify(v)).join(", ");
  const bounds = [];
  if (schema.minimum !== undefined) bounds.push("from " + schema.minimum);
  if (schema.maximum !== undefined) bounds.push("to " + schema.maximum);
  if (schema.examples) bounds.push("such as " + schema.examples.join(", "));
  return [schema.format || schema.type || "", ...bounds].join(" ");
}

function fieldTable(schema) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const title of ["Field", "Required", "Allowed", "Meaning"]) head.append(element("th", title));
  const body = table.createTBody();
  for (const [name, field] of Object.entries(schema.properties || {})) {
    const row = body.insertRow();
    row.append(element("td", name));
    row.append(element("td", (schema.required || []).includes(name) ? "yes" : "no"));
    row.append(element("td", rule(field)));
    row.append(element("td", field.description || ""));
  }
  const scroll = element("div", undefined, "scroll");
  scroll.append(table);
  return scroll;
}

async function send(method, path, area, output) {
  output.textContent = "Waiting for the answer …";
  output.classList.remove("wrong");
  try {
    const options = { method };
    if (area) {
      options.body = area.value;
      options.headers = { "Content-Type": "application/json" };
    }
    const answer = await fetch("." + path, options);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
    output.textContent = answer.status + " " + answer.statusText + "\n" + shown;
    output.classList.toggle("wrong", !answer.ok);
  } catch (error) {
    output.textContent = "The service did not answer: " + error.message;
    output.classList.add("wrong");
  }
}

function operationBox(description, method, path, operation) {
  const box = element("details");
  const summary = element("summary");
  summary.append(element("span", method.toUpperCase(), "method"), element("code", path));
  summary.append(" " + operation.summary);
  const inside = element("div", undefined, "inside");
  if (operation.description) inside.append(element("p", operation.description));
  let area = null;
  if (operation.requestBody) {
    const content = operation.requestBody.content["application/json"];
    let schema = resolved(description, content.schema);
    if (schema.properties && schema.properties.rows) {
      inside.append(element("p", "A list 'rows' of objects with these fields:"));
      schema = resolved(description, schema.properties.rows.items);
    }
    inside.append(fieldTable(schema));
    area = element("textarea");
    area.value = JSON.stringify(content.example, null, 2);
    area.spellcheck = false;
    area.setAttribute("aria-label", "Body of the request to " + path);
    inside.append(element("p", "Body"), area);
  }
  const button = element("button", "Send");
  const output = element("pre", "");
  output.setAttribute("aria-live", "polite");
  output.hidden = true;
  button.addEventListener("click", () => {
    output.hidden = false;
    send(method.toUpperCase(), path, area, output);
  });
  const answers = Object.entries(operation.responses).map(([code, one]) => code + " " + one.description);
  inside.append(element("p", "Answers: " + answers.join("; ") + "."), button, output);
  box.append(summary, inside);
  return box;
}

function draw(description) {
  document.getElementById("about").textContent = description.info.description;
  const main = document.getElementById("routes");
  main.textContent = "";
  const groups = new Map();
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const tag = operation.tags[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operationBox(description, method, path, operation));
    }
  }
  const order = [...groups.keys()].sort((a, b) => (a === "supervision") - (b === "supervision"));
  if (order.length === 1) {
    main.append(element("p", "No model answers yet; GET /ready below says why."));
  }
  for (const tag of order) main.append(element("h2", tag), ...groups.get(tag));
  const first = main.querySelector("details");
  if (first) first.open = true;
}

fetch("./openapi.json")
  .then((answer) => answer.json())
  .then(draw)
  .catch((error) => {
    document.getElementById("routes").textContent = "The description did not load: " + error.message;
  });
