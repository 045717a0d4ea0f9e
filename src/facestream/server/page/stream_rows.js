// Rows of a stream, fetched in ranges when they are shown.

import { api } from "./api.js";

const ROWS_IN_BLOCK = 64;
const MAX_BLOCKS = 64;
const NO_ROW = new Float32Array(0);
const READERS = {
  FLOAT: [4, Float32Array],
  DOUBLE: [8, Float64Array],
};

export class StreamRows {
  constructor(header) {
    this.header = header;
    [this.itemSize, this.ArrayType] = READERS[header.type_name] ?? [0, null];
    this.blocks = new Map();
  }

  get isReadable() {
    return this.ArrayType !== null && !this.header.is_text;
  }

  // The row if it is there already; else null, and it is asked for.
  // Before and behind a part of a clip there are no rows.
  at(row) {
    if (row < 0 || row >= this.header.num_rows) return NO_ROW;
    const number = Math.floor(row / ROWS_IN_BLOCK);
    const block = this.#block(number);
    if (row + ROWS_IN_BLOCK / 2 < this.header.num_rows) this.#block(Math.floor((row + ROWS_IN_BLOCK / 2) / ROWS_IN_BLOCK));
    if (!block.values) return null;
    const start = (row - number * ROWS_IN_BLOCK) * this.header.dim;
    return block.values.subarray(start, start + this.header.dim);
  }

  async fetch(row) {
    if (row < 0 || row >= this.header.num_rows) return NO_ROW;
    await this.#block(Math.floor(row / ROWS_IN_BLOCK)).whenThere;
    return this.at(row);
  }

  #block(number) {
    const known = this.blocks.get(number);
    if (known) {
      // The blocks are in the order of their use.
      this.blocks.delete(number);
      this.blocks.set(number, known);
      return known;
    }
    const block = { values: null };
    block.whenThere = this.#load(number, block);
    this.blocks.set(number, block);
    if (this.blocks.size > MAX_BLOCKS) this.blocks.delete(this.blocks.keys().next().value);
    return block;
  }

  async #load(number, block) {
    const { dim, num_rows: count, path } = this.header;
    const first = number * ROWS_IN_BLOCK;
    const last = Math.min(first + ROWS_IN_BLOCK, count);
    const size = dim * this.itemSize;
    try {
      const bytes = await api.bytes("/media", { path: `${path}~` }, [first * size, last * size - 1]);
      block.values = new this.ArrayType(bytes);
    } catch {
      this.blocks.delete(number);
    }
  }
}
