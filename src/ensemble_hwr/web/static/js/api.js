// Requests to the server. Addresses are relative, so that the page works below any path.

/** A sentence for the reader of the page, and whether trying again may help. */
export class Problem extends Error {
  constructor(message, status = 0, retryAfter = 0) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

function problemOf(status, text, retryAfter) {
  let detail = "";
  try {
    detail = JSON.parse(text).detail;
  } catch {
    // not a problem document, such as that of a proxy
  }
  if (status === 429) return new Problem("The server is busy. One moment, please.", status, Number(retryAfter) || 1);
  if (status === 413) return new Problem(`This is too large: ${detail || "choose a smaller picture"}.`, status);
  if (status === 0) return new Problem("The server does not answer. Is it still running?", status, 3);
  return new Problem(detail ? `${detail[0].toUpperCase()}${detail.slice(1)}.` : `The server answers with error ${status}.`, status);
}

export async function models() {
  const answer = await fetch("v1/models");
  if (!answer.ok) throw problemOf(answer.status, await answer.text());
  return answer.json();
}

function post(path, parameters, body, signal) {
  return request(`${path}${query(parameters)}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
}

async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`v1/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw problemOf(0, "");
  }
  if (!answer.ok) throw problemOf(answer.status, await answer.text(), answer.headers.get("Retry-After"));
  return answer;
}

export async function readStrokes(strokes, { words, ...parameters }, signal) {
  const answer = await post("strokes", { details: true, n_best: 5, ...parameters }, { strokes, words: words ?? [] }, signal);
  return (await answer.json()).results[0];
}

export async function explain(pixels) {
  return (await post("explain", {}, { pixels })).json();
}

// The profile of a writer; each of these returns its state.

const stateOf = async (answer) => (await answer).json();

export const describeProfile = () => stateOf(request("profile"));
export const deleteProfile = () => stateOf(request("profile", { method: "DELETE" }));
export const keepLetters = (letters) => stateOf(post("profile/letters", {}, { letters }));
export const keepStrokes = (strokes, text) => stateOf(post("profile/words", { text }, { strokes }));
export const keepPicture = (picture, text) => stateOf(request(`profile/words${query({ text })}`, { method: "POST", headers: { "Content-Type": "image/png" }, body: picture }));

/** Send files with progress, from 0 to 1; returns an object with a promise and a function that cancels. */
export function sendPictures(files, { words, ...parameters }, onProgress) {
  const request = new XMLHttpRequest();
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name || "picture");
  if (words?.length) form.append("words", words.join("\n"));
  const done = new Promise((resolve, reject) => {
    request.upload.addEventListener("progress", (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0));
    request.upload.addEventListener("load", () => onProgress(1));
    request.addEventListener("load", () => {
      if (request.status === 200) resolve(request.responseText);
      else reject(problemOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    });
    request.addEventListener("error", () => reject(problemOf(0, "")));
    request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
    request.open("POST", `v1/pages${query({ n_best: 6, ...parameters })}`);
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}
