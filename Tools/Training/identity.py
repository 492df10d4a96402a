"""Describes faces by 128 numbers, with dlib's recogniser. Tools/Training/identity calls it.

identity.py WEIGHTS SIZE PICTURES.u8 OUT.npy [PICTURES.u8 OUT.npy ...]
"""

import hashlib
import os
import sys

# One thread: another program may want the other processors, and the numbers are the same.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import dlib  # noqa: E402
import numpy as np  # noqa: E402

FILES = {
    "dlib_face_recognition_resnet_model_v1.dat":
        "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "shape_predictor_5_face_landmarks.dat":
        "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}


def weights(folder, name):
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).hexdigest()
    if found != FILES[name]:
        sys.exit(f"identity: '{path}' is not the file that this was written for (SHA-256 {found})")
    return path


def main():
    if len(sys.argv) < 5 or len(sys.argv) % 2 == 0 or not sys.argv[2].isdigit() or int(sys.argv[2]) < 1:
        sys.exit(__doc__)
    folder, size = sys.argv[1], int(sys.argv[2])
    recognise = dlib.face_recognition_model_v1(weights(folder, "dlib_face_recognition_resnet_model_v1.dat"))
    landmarks = dlib.shape_predictor(weights(folder, "shape_predictor_5_face_landmarks.dat"))
    detect = dlib.get_frontal_face_detector()
    for source, target in zip(sys.argv[3::2], sys.argv[4::2]):
        bytes_ = np.fromfile(source, np.uint8)
        if bytes_.size == 0 or bytes_.size % (3 * size * size):
            sys.exit(f"identity: '{source}' holds no pictures of {size} px")
        pictures = bytes_.reshape(-1, 3, size, size).transpose(0, 2, 3, 1)
        described = np.full((len(pictures), 128), np.nan, np.float32)
        for i, picture in enumerate(pictures):
            picture = np.ascontiguousarray(picture)
            # Looked for in the picture at twice its size, as face_recognition does; the largest counts.
            faces = detect(picture, 1)
            if faces:
                face = max(faces, key=lambda box: box.area())
                described[i] = recognise.compute_face_descriptor(picture, landmarks(picture, face))
        np.save(target, described)


main()
