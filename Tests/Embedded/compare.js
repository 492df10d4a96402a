// Compares faces in WebAssembly with pictures that the program drew; for node and browsers.

/** The samples of a binary PPM. */
function samples(bytes) {
  const header = new TextDecoder().decode(bytes.slice(0, 32)).split('\n', 3);
  return { size: parseInt(header[1]), rgb: bytes.slice(header.join('\n').length + 1) };
}

/**
 * Draws each seed with psi 0.7 in both ways that there are, and compares it with `read(seed)`, the bytes of a PPM.
 * Gives a sentence; throws where a sample is farther than 1 of 255 away.
 */
export async function compare(obverse, seeds, read) {
  let differ = 0, count = 0, most = 0;
  for (const seed of seeds) {
    const { size, rgb } = samples(await read(seed));
    if (size !== obverse.size) throw new Error(`the picture has ${size} pixels a side, not ${obverse.size}`);
    const direct = obverse.face(seed, 0.7);
    const styled = obverse.draw(obverse.styles(seed, 0.7));
    for (let i = 0; i < size * size; i++) {
      for (let c = 0; c < 3; c++) {
        if (direct[4 * i + c] !== styled[4 * i + c]) throw new Error(`seed ${seed}: the styles draw another face`);
        const distance = Math.abs(direct[4 * i + c] - rgb[3 * i + c]);
        differ += distance > 0;
        most = Math.max(most, distance);
        count += 1;
      }
      if (direct[4 * i + 3] !== 255) throw new Error(`seed ${seed}: pixel ${i} is not opaque`);
    }
  }
  if (most > 1) throw new Error(`samples are up to ${most} of 255 away`);
  return `${seeds.length} faces: ${differ} of ${count} samples differ, by ${most} at most`;
}
