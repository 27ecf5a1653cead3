"""Throw-away certificate authorities and certificates."""

import subprocess


def authority(folder, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
         "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
        check=True, capture_output=True)


def certificate(folder, name, authority, names):
    subprocess.run(
        ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
         "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr"], check=True, capture_output=True)
    (folder / f"{name}.ext").write_text(f"subjectAltName={names}\n")
    subprocess.run(
        ["openssl", "x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / f"{authority}.pem",
         "-CAkey", folder / f"{authority}.key", "-CAcreateserial", "-days", "1", "-extfile", folder / f"{name}.ext",
         "-out", folder / f"{name}.pem"], check=True, capture_output=True)
