"""The restore drill of docs/operating.md: a copy is checked without any service, and served where AWS is out of reach."""

import os
import re
import shutil
import subprocess

import grpc

from service import BIN, ROOT, Service, first_json_line
from visit import Clinic


def test_a_backup_passes_the_drill_that_the_operators_page_describes(tmp_path, simulator):
    service = Service(tmp_path / "data", simulator).start()
    with grpc.insecure_channel(service.address) as channel:
        clinic = Clinic(service, channel)
        session = clinic.create_session(clinic.book()).session_id
        where = ["--target", service.address, "--data-dir", service.data]
        said = subprocess.run([BIN / "telehealth-probe", "operate", "backup", *where], capture_output=True, text=True, check=True)
    # The heads that are copied with the backup know no row that it lacks; those of the stop do.
    shutil.copytree(tmp_path / "data.audit/heads", tmp_path / "kept")
    assert service.stop() == 0
    shutil.copy(service.data / "backups" / said.stdout.split(",")[0], tmp_path / "backup.db")
    shown = (ROOT / "docs/operating.md").read_text().split("### Restore drill")[1].split("```console\n")[1].split("```")[0]
    offline, prepare, serve, check, verify = re.sub(r"\\\n\s*", "", shown).replace("$ ", "").strip().splitlines()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TELEHEALTH_"))}
    environment["PATH"] = f"{BIN}:{os.environ['PATH']}"

    def run(command: str) -> subprocess.CompletedProcess:
        return subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    newer = run(offline)
    assert newer.returncode == 4 and re.search(r"a signed head knows \d+ rows: its tail was cut off", newer.stdout), newer
    older = run(offline.replace("data.audit/heads", "kept"))
    assert older.returncode == 0, older
    assert run(prepare).returncode == 0
    daemon = subprocess.Popen("exec env " + serve.removesuffix("&") + "--listen 127.0.0.1:0", shell=True, cwd=tmp_path, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        target = f" --target {first_json_line(daemon, 'the drill')['address']}"
        assert run(check + target).returncode == 0 and run(verify + target).returncode == 0
        read = run(f"telehealth-probe call telehealth.v1.TelehealthService/GetSession --as admin --data-dir drill{target}"
                   f" -d '{{\"sessionId\": \"{session}\"}}'")
        assert session in read.stdout, read
    finally:
        daemon.terminate()
        assert daemon.wait(timeout=30) == 0
