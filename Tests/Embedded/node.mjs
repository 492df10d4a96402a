// node node.mjs FOLDER    FOLDER is what check-web makes
import { readFile } from 'node:fs/promises';

const folder = process.argv[2];
const file = (name) => readFile(`${folder}/${name}`);
const { Obverse } = await import(`${folder}/obverse.mjs`);
const { compare } = await import(`${folder}/compare.mjs`);

const wasm = await file('obverse.wasm');
const asked = WebAssembly.Module.imports(await WebAssembly.compile(wasm));
if (asked.length) throw new Error(`the module asks for ${JSON.stringify(asked)}`);
const obverse = await Obverse.open(wasm, await file('faces.obv'));
console.log('node:', await compare(
  obverse, [0, 1, 2, 3, 4, 5, 6, 7], (seed) => file(`wanted/seed${String(seed).padStart(4, '0')}.ppm`)));
if (!obverse.licence.includes('non-commercial')) throw new Error(`the licence reads '${obverse.licence}'`);

// What is no model is refused with the library's own sentence, and nothing else breaks.
for (const [bytes, sentence] of [
  [new Uint8Array(100), 'this is a run of zeros, as a broken download leaves behind, not an .obv file'],
  [new TextEncoder().encode('<!doctype html><title>Not found'), 'this is a web page (HTML), not an .obv file'],
]) {
  const found = await Obverse.open(wasm, bytes).then(() => 'nothing', (error) => error.message);
  if (found !== sentence) throw new Error(`refused with '${found}', not '${sentence}'`);
}
