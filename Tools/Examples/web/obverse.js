// The C library in WebAssembly as an object; obverse.h says what its functions do.

const BORROW = 1, RGBA8 = 1, ZERO_IS_ZERO = 1, TEXT_LICENCE = 0;
const INFO_BYTES = 124, OPTIONS_BYTES = 40;

/** A model that is ready to draw; one face at a time. */
export class Obverse {
  #c;
  #model;
  #context;
  #options;
  #pixels;
  #z;
  #ws;

  /** Takes the bytes of obverse.wasm and of an .obv file. Throws an Error with the library's sentence. */
  static async open(wasm, model) {
    const { instance } = await WebAssembly.instantiate(wasm);
    return new Obverse(instance.exports, new Uint8Array(model));
  }

  /** Use open(). */
  constructor(exports, model) {
    this.#c = exports;
    // At a 64-byte boundary nothing large is copied. The bytes stay, as the model does.
    const place = (this.#room(model.length + 63) + 63) & ~63;
    new Uint8Array(exports.memory.buffer).set(model, place);
    const out = this.#room(4);
    this.#check(exports.obv_model_open_memory(place, model.length, BORROW, out));
    this.#model = this.#word(out);
    this.#check(exports.obv_context_create(this.#model, 0, out));
    this.#context = this.#word(out);
    const info = this.#room(INFO_BYTES);
    this.#words(info, 1)[0] = INFO_BYTES;
    this.#check(exports.obv_model_get_info(this.#model, info));
    const [, size, , , zCount, wCount, wsCount] = this.#words(info, 7);
    /** Pixels of a side. */
    this.size = size;
    this.zCount = zCount;
    this.stylesCount = wCount * wsCount;
    /** Under which terms the model may be used, in its own words. */
    this.licence = this.#text(exports.obv_model_text(this.#model, TEXT_LICENCE));
    this.#pixels = this.#room(4 * size * size);
    this.#options = this.#room(OPTIONS_BYTES);
    this.#z = this.#room(4 * this.zCount);
    this.#ws = this.#room(4 * this.stylesCount);
  }

  /** The face of a seed: size x size pixels of RGBA. psi from 0, the average face, to 1. */
  face(seed, psi) {
    this.#check(this.#c.obv_generate(
      this.#context, seed, this.#drawing(psi), this.#pixels, 4 * this.size, RGBA8));
    return this.#image();
  }

  /** The styles of a seed, truncated: what mixtures and ways between faces are made of. */
  styles(seed, psi) {
    this.#check(this.#c.obv_latent_from_seed(this.#model, seed, this.#z, this.zCount));
    this.#check(this.#c.obv_map(
      this.#context, this.#z, this.zCount, this.#drawing(psi), this.#ws, this.stylesCount));
    return new Float32Array(this.#c.memory.buffer, this.#ws, this.stylesCount).slice();
  }

  /** The face of styles. */
  draw(styles) {
    new Float32Array(this.#c.memory.buffer, this.#ws, this.stylesCount).set(styles);
    this.#check(this.#c.obv_synthesize(
      this.#context, this.#ws, this.stylesCount, this.#drawing(1), this.#pixels, 4 * this.size,
      RGBA8));
    return this.#image();
  }

  #room(bytes) {
    const place = this.#c.malloc(bytes);
    if (!place) throw new Error(`there is no memory for ${bytes} bytes`);
    return place >>> 0;
  }

  // Memory moves when it grows, so no view of it is kept.
  #words(place, count) {
    return new Uint32Array(this.#c.memory.buffer, place, count);
  }

  #word(place) {
    return this.#words(place, 1)[0];
  }

  #text(place) {
    const bytes = new Uint8Array(this.#c.memory.buffer, place);
    return new TextDecoder().decode(bytes.slice(0, bytes.indexOf(0)));
  }

  #image() {
    const bytes = 4 * this.size * this.size;
    return new Uint8ClampedArray(this.#c.memory.buffer, this.#pixels, bytes).slice();
  }

  /** An obv_draw_options as a 32-bit processor has it. */
  #drawing(psi) {
    const view = new DataView(this.#c.memory.buffer, this.#options, OPTIONS_BYTES);
    const words = [OPTIONS_BYTES, 0, -1, -1, 0, 0, 0, 0, ZERO_IS_ZERO, 0];
    words.forEach((word, i) => view.setInt32(4 * i, word, true));
    view.setFloat32(4, psi, true);
    return this.#options;
  }

  #check(status) {
    if (status !== 0) throw new Error(this.#text(this.#c.obv_last_error()));
  }
}
