// Draws, so that the page stays quick. Messages are answered in their order.
import { Obverse } from './obverse.js';

let obverse;

async function bytes(name) {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status}`);
  return answer.arrayBuffer();
}

const work = {
  async open({ wasm, model }) {
    const [code, file] = await Promise.all([bytes(wasm), bytes(model)]);
    obverse = await Obverse.open(code, file);
    return { size: obverse.size, licence: obverse.licence, weight: code.byteLength };
  },
  face({ seed, psi }) {
    return { pixels: obverse.face(seed, psi) };
  },
  // A place between two faces, in a straight line of styles.
  between({ from, to, share, psi }) {
    const [a, b] = [obverse.styles(from, psi), obverse.styles(to, psi)];
    return { pixels: obverse.draw(a.map((value, i) => value + share * (b[i] - value))) };
  },
};

self.onmessage = async ({ data }) => {
  try {
    const began = performance.now();
    const answer = await work[data.kind](data);
    self.postMessage({ id: data.id, ...answer, milliseconds: performance.now() - began });
  } catch (error) {
    self.postMessage({ id: data.id, error: error.message });
  }
};
