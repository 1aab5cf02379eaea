"""Bastide in production mode: TLS, and root credentials that are shown once."""

import subprocess
import threading

from harness import LISTENING, program


class Production:
    """One program without --dev. The root credentials are those that its first start printed."""

    def __init__(self, folder, *options):
        self.data_dir = folder / "data"
        self._log_path = folder / "log"
        self._options = options
        self.key = self.secret = None
        self.start()

    def start(self):
        command = [program(), "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data_dir, *self._options]
        with open(self._log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True)
        self.shown = []
        for line in self.process.stdout:
            self.shown.append(line)
            name, _, value = line.strip().partition(" = ")
            if name.strip() == "aws_access_key_id":
                self.key = value
            elif name.strip() == "aws_secret_access_key":
                self.secret = value
            elif line.startswith(LISTENING):
                self.url = line.removeprefix(LISTENING).strip()
                break
        else:
            raise RuntimeError(f"bastide did not start: {self.shown}\n{self.logs}")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)

    @property
    def logs(self):
        return self._log_path.read_text(errors="replace")

    def resident_mib(self):
        """Memory that the process holds."""
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024
