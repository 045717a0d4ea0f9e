// Resumable uploads in parts.

import { api } from "./api.js";

const PART = 4 * 1024 * 1024;
const begun = new WeakMap();

export async function upload(file, onProgress) {
  const known = begun.get(file);
  let state = known
    ? await api.json(`/uploads/${known}`)
    : await api.post("/uploads", { name: file.name, num_bytes: file.size });
  begun.set(file, state.name);
  while (state.num_bytes_there < state.num_bytes) {
    onProgress(state.num_bytes_there / state.num_bytes);
    const offset = state.num_bytes_there;
    state = await api.patch(`/uploads/${state.name}`, { offset }, file.slice(offset, offset + PART));
  }
  onProgress(1);
  begun.delete(file);
  return state.name;
}
