"""What the package draws, and into which memory."""

import array
import copy
import ctypes
import gc
import pickle
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

import obverse
from support import MODEL, PROGRAM, Case, bytes_of

try:
    import numpy
except ImportError:
    numpy = None


class Faces(Case):
    def test_equal_seeds_give_equal_faces(self):
        face = self.model.face(85, psi=0.7)
        self.assertEqual(face, self.model.face(85, psi=0.7))
        self.assertNotEqual(face, self.model.face(86, psi=0.7))
        self.assertNotEqual(face, self.model.face(85))
        self.assertEqual(len(face.pixels), 3 * self.model.size**2)

    def test_formats_agree(self):
        rgb = bytes_of(self.model.face(85, psi=0.7))
        rgba = bytes_of(self.model.face(85, psi=0.7, format="rgba"))
        bgra = bytes_of(self.model.face(85, psi=0.7, format="bgra"))
        for channel in range(3):
            self.assertEqual(rgba[channel::4], rgb[channel::3])
            self.assertEqual(bgra[channel::4], rgb[2 - channel :: 3])
        self.assertEqual(set(rgba[3::4]), {255})
        floats = self.model.face(85, psi=0.7, format="float")
        self.assertEqual(floats._rgb(), rgb)

    def test_draws_in_steps_what_it_draws_at_once(self):
        z = self.model.latent(85)
        self.assertEqual(z.shape, (self.model.z_dim,))
        ws = self.model.map(z, psi=0.7)
        self.assertEqual(ws.shape, (self.model.ws_count, self.model.w_dim))
        self.assertEqual(ws, self.model.map(85, psi=0.7))
        self.assertEqual(self.model.draw(ws), self.model.face(85, psi=0.7))
        # Numbers in whatever holds them.
        numbers = [value for row in ws.tolist() for value in row]
        for other in (numbers, ws.tolist(), array.array("d", numbers), tuple(numbers), ws.toreadonly()):
            self.assertEqual(self.model.draw(other), self.model.face(85, psi=0.7))
        odd = memoryview(bytearray(len(numbers) * 4 + 1))[1:]
        odd[:] = ws.cast("B")
        self.assertEqual(self.model.draw(odd.cast("f")), self.model.face(85, psi=0.7))

    def test_the_latent_is_that_of_numpy(self):
        z = self.model.latent(0)
        self.assertEqual(z[0], ctypes.c_float(1.764052345967664).value)
        if numpy:
            wanted = numpy.random.RandomState(0).randn(self.model.z_dim).astype(numpy.float32)
            self.assertTrue((numpy.asarray(z) == wanted).all())

    def test_noise(self):
        faces = {
            bytes_of(self.model.face(1, noise="const")),
            bytes_of(self.model.face(1, noise="none")),
            bytes_of(self.model.face(1, noise="random")),
            bytes_of(self.model.face(1, noise="random", noise_seed=2)),
        }
        self.assertEqual(len(faces), 4)
        self.assertEqual(self.model.face(1, noise="random"), self.model.face(1, noise="random", noise_seed=1))

    def test_truncation(self):
        self.assertEqual(self.model.face(1, psi=0), self.model.face(2, psi=0))
        self.assertEqual(self.model.face(1, psi=0, cutoff=0), self.model.face(1))
        self.assertNotEqual(self.model.face(1, psi=0, cutoff=2), self.model.face(1))

    def test_mix(self):
        ws = self.model.mix(1, 2, range(3), psi=0.7)
        a, b = self.model.map(1, psi=0.7), self.model.map(2, psi=0.7)
        for layer in range(self.model.ws_count):
            wanted = (b if layer < 3 else a).tolist()[layer]
            self.assertEqual(ws.tolist()[layer], wanted)
        self.assertEqual(self.model.mix(a, b, [], psi=0.7), a)
        self.assertEqual(self.model.map(1, psi=0.7), a)
        with self.assertRaisesRegex(ValueError, "layer 99: this model has the layers 0 to"):
            self.model.mix(1, 2, [99])

    def test_batch(self):
        images = self.model.batch(range(40, 53), psi=0.7)
        self.assertEqual(len(images), 13)
        for i, image in enumerate(images):
            self.assertEqual(image, self.model.face(40 + i, psi=0.7))
        self.assertEqual(images[-1], self.model.face(52, psi=0.7))
        with self.assertRaises(IndexError):
            images[13]
        self.assertEqual(len(self.model.batch([])), 0)
        if numpy:
            self.assertEqual(numpy.asarray(images).shape, (13, self.model.size, self.model.size, 3))

    def test_walk(self):
        frames = list(self.model.walk([1, 2, 3], frames=4, psi=0.7))
        self.assertEqual(len(frames), 12)
        for key, seed in enumerate((1, 2, 3)):
            self.assertEqual(frames[4 * key], self.model.face(seed, psi=0.7))
        self.assertEqual(len({bytes_of(frame) for frame in frames}), 12)
        self.assertEqual(len(list(self.model.walk([1, 2], frames=5, loop=False))), 6)
        self.assertEqual(len(list(self.model.walk([1], frames=2))), 2)
        with self.assertRaisesRegex(ValueError, "neither cubic nor linear"):
            self.model.walk([1, 2], interpolation="quadratic")
        with self.assertRaisesRegex(ValueError, "needs a face"):
            self.model.walk([])

    @unittest.skipUnless(PROGRAM, "OBVERSE_TEST_PROGRAM is not set")
    def test_walk_is_the_programs(self):
        for way, extra in (("cubic", []), ("linear", ["--interp", "linear"])):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder, "walk.rgb")
                subprocess.run(
                    [PROGRAM, "walk", "-q", "-m", MODEL, "--seeds", "5,6,7,8", "--trunc", "0.7"]
                    + ["--w-frames", "5", *extra, "--format", "rgb", "-o", file],
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
                frames = self.model.walk([5, 6, 7, 8], 5, psi=0.7, interpolation=way)
                pixels, wanted = b"".join(map(bytes_of, frames)), file.read_bytes()
                self.assertEqual(len(pixels), len(wanted))
                self.assertLessEqual(max(abs(a - b) for a, b in zip(pixels, wanted)), 1)


class Memory(Case):
    def test_draws_into_a_buffer(self):
        size = self.model.size
        buffer = bytearray(3 * size * size)
        self.assertIs(self.model.face(85, psi=0.7, out=buffer), buffer)
        self.assertEqual(buffer, bytes_of(self.model.face(85, psi=0.7)))
        image = obverse.Image.empty(size, size)
        self.model.face(85, psi=0.7, out=image)
        self.assertEqual(image, self.model.face(85, psi=0.7))
        for wrong in (bytearray(10), bytes(3 * size * size), memoryview(buffer)[::2]):
            with self.assertRaisesRegex(ValueError, "out (has|is read-only)"):
                self.model.face(1, out=wrong)

    @unittest.skipUnless(numpy, "NumPy is not here")
    def test_draws_into_an_array(self):
        size = self.model.size
        wanted = numpy.asarray(self.model.face(85, psi=0.7))
        self.assertEqual(wanted.shape, (size, size, 3))
        sheet = numpy.zeros((2 * size, 3 * size, 3), numpy.uint8)
        part = sheet[size:, size : 2 * size]
        self.assertIs(self.model.face(85, psi=0.7, out=part), part)
        self.assertTrue((part == wanted).all())
        self.assertEqual(sheet.sum(), part.sum(dtype=sheet.sum().dtype))
        floats = numpy.empty((size, size, 3), numpy.float32)
        self.model.face(85, psi=0.7, format="float", out=floats)
        self.assertTrue(((floats * 127.5 + 128).clip(0, 255).astype(numpy.uint8) == wanted).all())
        readonly = numpy.empty((size, size, 3), numpy.uint8)
        readonly.flags.writeable = False
        for wrong in (
            numpy.empty((size, size, 4), numpy.uint8),
            numpy.empty((size, size, 3), numpy.int16),
            numpy.empty((size, 2 * size, 3), numpy.uint8)[:, ::2],
            numpy.empty((size, size, 3), numpy.uint8)[::-1],
            readonly,
        ):
            with self.assertRaisesRegex(ValueError, "out"):
                self.model.face(1, out=wrong)

    @unittest.skipUnless(numpy, "NumPy is not here")
    def test_pictures_share_their_memory(self):
        image = self.model.face(85)
        view = image.numpy()
        view[0, 0] = 7
        self.assertEqual(bytes(image.pixels[:3]), b"\7\7\7")
        del image
        gc.collect()
        self.assertEqual(tuple(view[0, 0]), (7, 7, 7))
        ws = numpy.asarray(self.model.map(85))
        self.assertEqual(ws.dtype, numpy.float32)
        self.assertEqual(self.model.draw(ws.astype(numpy.float64)), self.model.face(85))
        self.assertEqual(self.model.draw(numpy.asfortranarray(ws)), self.model.face(85))
        with self.assertRaisesRegex(ValueError, "ws has 3 numbers, the model takes"):
            self.model.draw(ws[0, :3])
        # Numbers of NumPy are numbers.
        self.assertEqual(self.model.face(numpy.int64(85), psi=numpy.float32(1)), self.model.face(85))
        self.assertEqual(self.model.map(numpy.uint32(85)), self.model.map(85))
        self.assertEqual(self.model.batch(numpy.arange(3))[1], self.model.face(1))
        with self.assertRaisesRegex(ValueError, "type 'l', not float32"):
            self.model.draw(numpy.zeros(ws.shape, numpy.int64))

    def test_png(self):
        for format, kind, step in (("rgb", 2, 3), ("bgra", 6, 4), ("float", 2, 3)):
            file = self.model.face(85, format=format)._repr_png_()
            self.assertEqual(file[:8], b"\x89PNG\r\n\x1a\n")
            chunks, place = {}, 8
            while place < len(file):
                (count,) = struct.unpack_from(">I", file, place)
                name, content = file[place + 4 : place + 8], file[place + 8 : place + 8 + count]
                (checksum,) = struct.unpack_from(">I", file, place + 8 + count)
                self.assertEqual(checksum, zlib.crc32(name + content))
                chunks[name] = content
                place += count + 12
            size = self.model.size
            self.assertEqual(chunks[b"IHDR"], struct.pack(">IIBBBBB", size, size, 8, kind, 0, 0, 0))
            self.assertIn(b"trainedAlgorithmicMedia", chunks[b"iTXt"])
            lines = zlib.decompress(chunks[b"IDAT"])
            row = step * size + 1
            pixels = b"".join(lines[y * row + 1 : (y + 1) * row] for y in range(size))
            wanted = self.model.face(85, format="rgba" if step == 4 else "rgb")
            self.assertEqual(pixels, bytes_of(wanted))

    def test_saves(self):
        with tempfile.TemporaryDirectory() as folder:
            face = self.model.face(85)
            face.save(f"{folder}/a.png")
            self.assertEqual(Path(folder, "a.png").read_bytes(), face.png())
            face.save(Path(folder) / "a.ppm")
            self.assertEqual(Path(folder, "a.ppm").read_bytes()[-len(face.pixels) :], bytes_of(face))
            with self.assertRaisesRegex(ValueError, "ends in .png or .ppm"):
                face.save(f"{folder}/a.tiff")

    def test_pictures_are_copied_and_pickled(self):
        face = self.model.face(85)
        for other in (copy.copy(face), copy.deepcopy(face), pickle.loads(pickle.dumps(face))):
            self.assertEqual(face, other)
            other.pixels[0] ^= 255
            self.assertNotEqual(face, other)
