"""How faces end early, and what the package refuses."""

import copy
import gc
import multiprocessing
import os
import pickle
import random
import signal
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import obverse
from support import MODEL, Case, bytes_of


def face_in_child(seed):
    """For a pool: whatever comes back, or is raised, goes through pickle."""
    return bytes(shared.face(seed).pixels)


def raises_in_child(_):
    obverse.Model("of-a-child.obv")


class Stopping(Case):
    def setUp(self):
        super().setUp()
        # Whoever runs tests in the background may have told them to ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

    def test_progress(self):
        calls = []
        face = self.model.face(85, progress=lambda done, total: calls.append((done, total)))
        self.assertEqual(face, self.model.face(85))
        self.assertEqual([done for done, _ in calls], list(range(calls[0][1])))

    def test_progress_ends_a_face(self):
        with self.assertRaises(obverse.ObverseError) as caught:
            self.model.face(85, progress=lambda done, total: done == 2)
        self.assertEqual(caught.exception.word, "cancelled")

        def fails(done, total):
            raise KeyError("of progress")

        with self.assertRaisesRegex(KeyError, "of progress"):
            self.model.face(85, progress=fails)
        self.model.face(85)

    def test_control_c(self):
        """Wherever it strikes: the face ends, KeyboardInterrupt comes, and the next face is right."""
        wanted = self.model.face(85)
        before = signal.getsignal(signal.SIGINT)
        interrupted = 0
        begin, stop = threading.Event(), threading.Event()

        def strike():
            begin.wait()
            while not stop.wait(random.uniform(0, 0.004)):
                os.kill(os.getpid(), signal.SIGINT)
                stop.wait(0.02)

        thread = threading.Thread(target=strike)
        thread.start()
        try:
            while interrupted < 20:
                try:
                    begin.set()
                    while True:
                        self.model.face(85)
                        self.model.map(85)
                        self.model.batch(range(3))
                except KeyboardInterrupt:
                    interrupted += 1
        finally:
            while True:
                try:
                    stop.set()
                    thread.join()
                    break
                except KeyboardInterrupt:
                    pass
        self.assertEqual(signal.getsignal(signal.SIGINT), before)
        self.assertEqual(self.model.face(85), wanted)

    def test_control_c_at_once(self):
        """Not after the face: at its next layer."""
        steps = []

        def progress(done, total):
            steps.append(done)
            if done == 1:
                os.kill(os.getpid(), signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            self.model.face(85, progress=progress)
        self.assertLessEqual(len(steps), 3)

    def test_a_handler_of_ones_own_goes_on(self):
        seen = []
        before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
        try:
            self.model.face(
                85, progress=lambda done, total: done == 1 and os.kill(os.getpid(), signal.SIGINT)
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.assertEqual(seen, [1])

    def test_cancel_from_another_thread(self):
        outcome, entered = [], threading.Event()

        def draw():
            def progress(done, total):
                entered.set()
                time.sleep(0.01)

            try:
                self.model.face(1, progress=progress)
            except obverse.ObverseError as error:
                outcome.append(error.word)

        self.model.cancel()  # nothing to cancel
        thread = threading.Thread(target=draw)
        thread.start()
        entered.wait()
        self.model.cancel()
        thread.join()
        self.assertEqual(outcome, ["cancelled"])

    def test_threads_take_turns(self):
        wanted = [self.model.face(seed) for seed in range(8)]
        found = {}

        def draw(first):
            for seed in range(first, 8, 2):
                found[seed] = self.model.face(seed)

        threads = [threading.Thread(target=draw, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([found[seed] for seed in range(8)], wanted)


class Misuse(Case):
    def test_says_what_is_wrong(self):
        for words, call in (
            ("threads is -1, not in 0 to 1024", lambda: obverse.Model(MODEL, threads=-1)),
            ("threads is 1025", lambda: obverse.Model(MODEL, threads=1025)),
            ("no zero byte", lambda: obverse.Model("a\0b")),
            ("isa 'mmx' is none of", lambda: obverse.Model(MODEL, isa="mmx")),
            ("precision 'f8' is none of", lambda: obverse.Model(MODEL, precision="f8")),
            ("seed is -1, not in 0", lambda: self.model.face(-1)),
            ("seed is 4294967296", lambda: self.model.face(1 << 32)),
            ("seed is -1", lambda: self.model.batch([1, -1])),
            ("cutoff is -1", lambda: self.model.face(1, cutoff=-1)),
            ("label is 4294967296", lambda: self.model.face(1, label=1 << 32)),
            ("noise 'loud' is none of const", lambda: self.model.face(1, noise="loud")),
            ("format 'cmyk' is none of rgb", lambda: self.model.face(1, format="cmyk")),
            ("z has 1 numbers, the model takes", lambda: self.model.map([1.0])),
            ("frames is 0", lambda: self.model.walk([1], frames=0)),
        ):
            with self.subTest(words), self.assertRaisesRegex(ValueError, words):
                call()
        for call in (lambda: self.model.face(1.5), lambda: self.model.batch(["1"])):
            with self.assertRaisesRegex(TypeError, "seed is .*, not a whole number"):
                call()
        for word, call in (
            ("file-missing", lambda: obverse.Model("missing.obv")),
            ("file-missing", lambda: obverse.faces("nobody")),
            ("model-magic", lambda: obverse.Model(b"hello, world")),
            ("file-empty", lambda: obverse.Model(b"")),
            ("request", lambda: self.model.face(1, label=0)),
            ("request", lambda: self.model.face(1, psi=float("nan"))),
        ):
            with self.subTest(word), self.assertRaises(obverse.ObverseError) as caught:
                call()
            self.assertEqual(caught.exception.word, word)

    def test_closing(self):
        model = obverse.Model(MODEL, threads=1)
        with model as same:
            self.assertIs(model, same)
            model.face(1)
        model.close()
        model.close()
        self.assertTrue(model.is_closed)
        self.assertIn("closed", repr(model))
        for call in (
            lambda: model.face(1),
            lambda: model.latent(1),
            lambda: model.map(1),
            lambda: model.batch([1]),
            lambda: model.licence,
            lambda: model.facts,
            lambda: model.memory,
            lambda: model.__enter__(),
            lambda: next(model.walk([model.map(1)])),
        ):
            with self.assertRaisesRegex(ValueError, "the model is closed"):
                call()
        model.cancel()

    def test_errors_are_copied_and_pickled(self):
        with self.assertRaises(obverse.ObverseError) as caught:
            obverse.Model("missing.obv")
        for other in (copy.copy(caught.exception), pickle.loads(pickle.dumps(caught.exception))):
            self.assertEqual(str(other), str(caught.exception))
            self.assertEqual(other.word, "file-missing")

    def test_models_are_copied_and_pickled(self):
        for other in (copy.copy(self.model), pickle.loads(pickle.dumps(self.model))):
            self.assertEqual(other.face(85), self.model.face(85))
            other.close()
        self.model.face(85)
        of_bytes = obverse.Model(Path(MODEL).read_bytes(), threads=1)
        self.assertEqual(of_bytes.face(85), self.model.face(85))
        with self.assertRaisesRegex(TypeError, "made of bytes cannot be copied"):
            copy.copy(of_bytes)

    def test_a_forked_child_draws(self):
        global shared
        shared = self.model
        wanted = [bytes_of(self.model.face(seed)) for seed in range(4)]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            self.assertEqual(pool.map_async(face_in_child, range(4)).get(60), wanted)
            with self.assertRaises(obverse.ObverseError) as caught:
                pool.map_async(raises_in_child, [1]).get(60)
        self.assertEqual(caught.exception.word, "file-missing")
        self.assertEqual(bytes_of(self.model.face(0)), wanted[0])

    def test_facts(self):
        self.assertEqual(self.model.channels, 3)
        self.assertIn("verse", self.model.provenance["producer"])
        self.assertEqual(len(self.model.weights_sha256), 64)
        self.assertGreater(self.model.memory, 3 * self.model.size**2)
        self.assertIsInstance(self.model.facts, dict)
        baseline = obverse.Model(MODEL, isa="baseline") if os.uname().machine == "x86_64" else None
        if baseline:
            self.assertEqual(baseline.instruction_set, "baseline")
            pairs = zip(baseline.face(3).pixels, self.model.face(3).pixels)
            self.assertLessEqual(max(abs(a - b) for a, b in pairs), 1)

    def test_an_older_library_is_named(self):
        from obverse import _library

        wanted = {"obv_of_tomorrow": (None, [])}
        with mock.patch.object(_library, "_signatures", lambda: wanted):
            with self.assertRaisesRegex(ImportError, r"without obv_of_tomorrow\(\)"):
                _library._load()

    def test_nobody_at_home(self):
        """In a container HOME may be unset, and the user no entry of the system."""
        with mock.patch.dict(os.environ), mock.patch("pwd.getpwuid", side_effect=KeyError):
            os.environ.pop("HOME", None)
            os.environ.pop("XDG_DATA_HOME", None)
            with self.assertRaisesRegex(obverse.ObverseError, "no model 'nobody'"):
                obverse.faces("nobody")

    def test_leaves_nothing_behind(self):
        def count():
            return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

        before = count()
        for _ in range(5):
            model = obverse.Model(MODEL, threads=3)
            model.batch(range(3))
            del model
        gc.collect()
        for _ in range(100):
            if count() == before:
                break
            time.sleep(0.01)
        self.assertEqual(count(), before)
