// The server's API, /api/v1.

const ROOT = "/api/v1";

function address(path, query = {}) {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined && value !== null));
  return `${ROOT}${path}${words.size ? `?${words}` : ""}`;
}

async function ask(path, { query, ...details } = {}) {
  const answer = await fetch(address(path, query), details);
  if (!answer.ok) throw new Error(await problem(answer));
  return answer;
}

async function problem(answer) {
  try {
    const { detail } = await answer.json();
    return typeof detail === "string" ? detail : detail.map((part) => `${part.loc.at(-1)}: ${part.msg}`).join("; ");
  } catch {
    return `${answer.status} ${answer.statusText}`;
  }
}

function withJson(method, content) {
  return { method, body: JSON.stringify(content), headers: { "Content-Type": "application/json" } };
}

export const api = {
  json: async (path, query) => (await ask(path, { query })).json(),
  text: async (path, query) => (await ask(path, { query })).text(),
  bytes: async (path, query, range) =>
    (await ask(path, { query, headers: range ? { Range: `bytes=${range[0]}-${range[1]}` } : {} })).arrayBuffer(),
  post: async (path, content) => (await ask(path, withJson("POST", content))).json(),
  remove: (path) => ask(path, { method: "DELETE" }),
  patch: async (path, query, body) => (await ask(path, { query, method: "PATCH", body })).json(),
  address,
};
