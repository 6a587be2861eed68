#!/usr/bin/env python3
"""A worker made of Python's standard library. Copy it, and put your work in:

    WORKER_KEY=qk_… ./worker.py mail

The lease is renewed in the background while work() runs. When it is lost, or
when somebody cancels the job, job.stop is set: from then on somebody else may
be working on the job. SIGTERM and Ctrl-C let work() finish first.
"""

import json
import os
import random
import signal
import socket
import sys
import threading
import time
import traceback
import urllib.error
import urllib.request

URL = os.environ.get("WORKER_URL", "http://127.0.0.1:8080")
KEY = os.environ["WORKER_KEY"]
LEASE = int(os.environ.get("WORKER_LEASE", 30))  # seconds; renewed after a third of them


def work(payload, job):
    """Does one job. What it returns becomes the job's output; what it raises
    fails the attempt, and the server tries again later."""
    if payload.get("fail"):
        raise RuntimeError("the payload asks for it")
    if job.stop.wait(payload.get("seconds", 0)):  # instead of time.sleep
        raise RuntimeError("stopped")
    return {"words": len(str(payload.get("text", "")).split()), "attempt": job.attempt}


class Refused(Exception):
    """An answer of the server that is no success."""

    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem}")
        self.status = status


def post(path, body, timeout=30):
    request = urllib.request.Request(
        URL + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + KEY, "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        with e:
            raise Refused(e.code, e.read().decode(errors="replace")) from None


class Job:
    """A leased job. Its token rises with every lease: an effect elsewhere can
    use it to refuse what is older."""

    def __init__(self, lease):
        self.id, self.token = lease["id"], lease["token"]
        self.payload, self.attempt = lease["payload"], lease["attempt"]
        self.stop = threading.Event()  # the lease is lost, or the job cancelled
        self.ended = threading.Event()

    def beat(self):
        """Renews the lease until the job has ended."""
        renewed = time.monotonic()
        while not self.ended.wait(LEASE / 3):
            sent = time.monotonic()
            try:
                answer = post("/v1/leases/heartbeat", {"leases": [{"id": self.id, "token": self.token}], "extend": f"{LEASE}s"}, timeout=LEASE / 3)
                renewed = sent
                if answer["lost"] or answer["cancel"]:
                    self.stop.set()
            except (Refused, OSError, ValueError) as e:
                print(f"job {self.id}: a heartbeat failed: {e}", file=sys.stderr)
                if time.monotonic() - renewed >= LEASE:
                    self.stop.set()

    def settle(self, how, **body):
        """Tells how the attempt ended, again where that does not get through:
        the token makes sure that it counts once."""
        for pause in (1, 2, 4, 8, None):
            try:
                return post(f"/v1/jobs/{self.id}/{how}", {"token": self.token, **body})
            except Refused as e:
                if e.status in (404, 409):  # the job is somebody else's by now
                    return print(f"job {self.id}: {e}", file=sys.stderr)
                if e.status != 429 and e.status < 500 or pause is None:
                    raise
            except (OSError, ValueError):
                if pause is None:
                    raise
            time.sleep(pause)

    def run(self):
        threading.Thread(target=self.beat, daemon=True).start()
        try:
            how, body = "complete", {"output": work(self.payload, self)}
            json.dumps(body)
        except Exception as e:
            traceback.print_exc()
            how, body = "fail", {"error": f"{type(e).__name__}: {e}"}
        try:
            try:
                self.settle(how, **body)
            except Refused as e:
                if how == "fail" or e.status == 429 or e.status >= 500:
                    raise
                self.settle("fail", error=f"the output was refused: {e}")
        except (Refused, OSError, ValueError) as e:
            print(f"job {self.id}: its end could not be told, so it runs again when its lease is over: {e}", file=sys.stderr)
        finally:
            self.ended.set()


class Stop(Exception):
    """Ends a poll."""


class Worker:
    stopping = polling = False

    def signalled(self, *_):
        self.stopping = True
        if self.polling:
            raise Stop

    def poll(self, queue):
        self.polling = True
        try:
            if self.stopping:  # the signal came just before
                raise Stop
            body = {"limit": 1, "wait": "20s", "lease": f"{LEASE}s", "worker": socket.gethostname()[:128]}
            return post(f"/v1/queues/{queue}/lease", body, timeout=60)["jobs"]
        finally:
            self.polling = False

    def run(self, queue):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.signalled)
        while not self.stopping:
            try:
                for lease in self.poll(queue):
                    Job(lease).run()
            except Stop:
                return
            except (Refused, OSError, ValueError) as e:
                if isinstance(e, Refused) and e.status in (401, 403, 404, 422):
                    raise
                print(f"{e}; trying again", file=sys.stderr)
                time.sleep(random.uniform(1, 5))


if __name__ == "__main__":
    Worker().run(sys.argv[1])
