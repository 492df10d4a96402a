// What the page does with sliders and buttons; worker.js draws.
const element = (id) => document.getElementById(id);
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module' });
const waiting = new Map();
let messages = 0;

worker.onmessage = ({ data }) => {
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.error) reject(new Error(data.error));
  else resolve(data);
};
worker.onerror = () => say('this browser cannot run the page: it takes modules in workers and SIMD');

function ask(kind, facts) {
  const id = messages++;
  worker.postMessage({ id, kind, ...facts });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

function say(text) {
  element('status').textContent = text;
}

let size = 0;
const seed = () => element('seed').valueAsNumber || 0;
const psi = () => element('psi').valueAsNumber;

function show(canvas, pixels) {
  canvas.width = canvas.height = size;
  canvas.getContext('2d').putImageData(new ImageData(pixels, size, size), 0, 0);
}

// One request at a time is on its way; of those that come meanwhile the last one counts.
let busy = false;
let next = null;
async function draw(request) {
  next = request;
  if (busy) return;
  busy = true;
  try {
    while (next) {
      const now = next;
      next = null;
      const answer = await ask(now.kind, now);
      show(element('face'), answer.pixels);
      say(`seed ${now.seed ?? now.from}, ${answer.milliseconds.toFixed(0)} ms`);
      now.then?.();
    }
  } catch (error) {
    say(error.message);
  } finally {
    busy = false;
  }
}

function face() {
  stop();
  element('seedNumber').textContent = seed();
  element('psiNumber').textContent = psi().toFixed(2);
  draw({ kind: 'face', seed: seed(), psi: psi() });
}

// A walk from the seed's face to the next one and on, until something else is asked for.
let walks = false;
const framesOfAFace = 40;
function stop() {
  walks = false;
  element('walk').textContent = 'Walk';
}
function walk() {
  if (walks) return stop();
  walks = true;
  element('walk').textContent = 'Stop';
  let frame = 0;
  const from = seed();
  const step = () => {
    if (!walks) return;
    const at = from + Math.floor(frame / framesOfAFace);
    const t = (frame % framesOfAFace) / framesOfAFace;
    frame += 1;
    element('seed').value = at;
    element('seedNumber').textContent = at;
    // Slow at each face, quick between them.
    const share = t * t * (3 - 2 * t);
    draw({
      kind: 'between', from: at, to: at + 1, share, psi: psi(),
      then: () => requestAnimationFrame(step),
    });
  };
  step();
}

async function sheet() {
  stop();
  const [first, strength] = [seed(), psi()];
  element('sheet').replaceChildren();
  try {
    for (let i = 0; i < 24; i++) {
      const number = first + i;
      const { pixels } = await ask('face', { seed: number, psi: strength });
      const canvas = document.createElement('canvas');
      canvas.title = `seed ${number}`;
      canvas.onclick = () => {
        element('seed').value = number;
        face();
        window.scrollTo({ top: 0, behavior: 'smooth' });
      };
      show(canvas, pixels);
      element('sheet').append(canvas);
      say(`${i + 1} faces`);
    }
  } catch (error) {
    say(error.message);
  }
}

const names = new URLSearchParams(location.search);
try {
  const opened = await ask('open', {
    wasm: new URL('obverse.wasm', import.meta.url).href,
    model: new URL('faces.obv', import.meta.url).href,
  });
  size = opened.size;
  element('licence').textContent = opened.licence;
  element('seed').oninput = face;
  element('psi').oninput = face;
  element('walk').onclick = walk;
  element('makeSheet').onclick = sheet;
  element('another').onclick = () => {
    element('seed').value = Math.floor(Math.random() * 10000);
    face();
  };
  for (const button of document.querySelectorAll('button, input')) button.disabled = false;
  if (names.has('seed')) element('seed').value = names.get('seed');
  face();
  if (names.has('sheet')) sheet();
} catch (error) {
  say(error.message);
}
