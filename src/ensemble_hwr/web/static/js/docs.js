// The HTTP interface, as its OpenAPI document describes it.

import { find, make } from "./dom.js";

function example(path, method, operation) {
  const url = new URL(path.slice(1), document.baseURI).href;
  if (method === "get") return `curl ${url}`;
  const content = operation.requestBody?.content ?? {};
  if (content["image/*"]) return `curl -F file=@picture.jpg '${url}'\ncurl -H 'Content-Type: image/jpeg' --data-binary @picture.jpg '${url}'`;
  return `curl -H 'Content-Type: application/json' -d '{"strokes": [[[40, 0], [40, 90]], [[0, 0], [80, 0]]]}' '${url}'`;
}

function typeOf(schema) {
  if (schema.enum) return schema.enum.join(" | ");
  if (schema.anyOf) return schema.anyOf.filter((part) => part.type !== "null").map(typeOf).join(" or ");
  const range = [schema.minimum, schema.maximum].every((end) => end !== undefined) ? `, ${schema.minimum} to ${schema.maximum}` : "";
  return `${schema.type ?? ""}${range}`;
}

function parameters(found, path) {
  if (!found?.length) return null;
  const rows = found.map(({ name, description, schema }) =>
    make("tr", {}, make("td", {}, make("code", {}, name)), make("td", {}, typeOf(schema)),
      make("td", {}, schema.default === undefined || schema.default === null ? "" : String(schema.default)), make("td", {}, description ?? schema.description ?? schema.anyOf?.[0].description ?? "")));
  const head = make("tr", {}, ...["Parameter", "Type", "Default", "Meaning"].map((title) => make("th", {}, title)));
  return make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `Parameters of ${path}` }, make("table", {}, head, ...rows));
}

const description = await (await fetch("openapi.json")).json();
find("#about").textContent = description.info.description.replaceAll("\n", " ");
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, operation] of Object.entries(methods)) {
    find("#operations").append(make("article", {},
      make("h2", {}, make("code", {}, make("span", { class: "method" }, method.toUpperCase()), path)),
      make("p", {}, `${operation.summary}.`),
      parameters(operation.parameters, path),
      make("pre", { tabindex: "0" }, example(path, method, operation)),
      make("p", { class: "quiet" }, `Answers: ${Object.keys(operation.responses).join(", ")}`)));
  }
}
