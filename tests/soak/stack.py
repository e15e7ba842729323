#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""stack.py BUILD SECONDS SEED [USER] - three services from one file, while processes of box and of the services are killed at random, and the
file is brought up, replaced, rolled back, restarted and stopped, sometimes by a box that is killed itself.

After each step box up has to succeed, and the services have to answer: from the host, and from one to the other. After box down nothing may
be left: no link, rule, process, mount or cgroup. Runs in a network namespace that it may fill (make soak makes one), as root; USER: box runs
as that one. The last line is "N steps, N failed (seed N)"; where something failed the log of what was done lies in the folder that is named.
"""
import glob, json, os, pwd, random, shutil, signal, subprocess, sys, tempfile, time

BUILD, SECONDS, SEED = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
USER = pwd.getpwnam(sys.argv[4]) if len(sys.argv) > 4 else None
NAME = "soak%d" % (SEED % 100000)
WORK = tempfile.mkdtemp(prefix="box-soak-", dir="/tmp")
BOX = [BUILD + "/bin/box", "--root", WORK + "/state"]
if USER:
    BOX = ["setpriv", "--reuid=%d" % USER.pw_uid, "--regid=%d" % USER.pw_gid, "--init-groups"] + BOX
WAIT, ANSWER = 150, 10  # seconds: for a command, and until the services have to answer

generation = failed = 0
log = None


def say(*words):
    print(time.strftime("%T"), *words, file=log, flush=True)


def fail(what, words=""):
    global failed
    failed += 1
    say("FAILED", what, words)
    print("FAILED", what, words, flush=True)


def run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=WAIT, cwd=WORK)
    return done.returncode, done.stdout


def box(*words):
    return run(*BOX, *words)


def must(*words):
    """A command of box that has to succeed."""
    try:
        code, said = box(*words)
    except subprocess.TimeoutExpired:
        return fail("box %s hangs" % " ".join(words))
    if code:
        fail("box %s: exit code %d" % (" ".join(words), code), said)


def service(command, **more):
    return dict({"rootfs": WORK + "/rootfs", "init": True, "restart": "always", "command": ["sh", "-c", command]}, **more)


def write():
    """The database is replaced with every third generation of the web server."""
    health = {"tcp": {"port": 80}, "start_period": "5s", "start_interval": "50ms", "interval": "1s"}
    web = service("mkdir -p /tmp/w; echo web-$N >/tmp/w/index.html; exec httpd -f -p 80 -h /tmp/w", ports=["127.0.0.1:8080:80"], replicas=2,
                  environment={"N": str(generation)}, healthcheck=health, update={"drain": "1s"})
    db = service("while :; do echo db | nc -l -p 5432; done", volumes=["data:/data"], environment={"N": str(generation // 3)})
    client = service("exec sleep 100000", depends_on=["web", "db"])
    with open(WORK + "/app.json", "w") as file:
        json.dump({"name": NAME, "services": {"web": web, "db": db, "client": client}, "volumes": {"data": {}}}, file)


def processes():
    """Those of box that belong to this run: [(pid, title)]."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as file:
                title = file.read().replace("\0", " ").strip()
            if title.startswith("box:[") and (NAME in title or any(WORK in os.readlink(fd) for fd in glob.glob("/proc/%s/fd/*" % pid))):
                found.append((int(pid), title))
        except OSError:
            continue  # it has just ended
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def kill_process():
    found = processes()
    if found:
        pid, title = random.choice(found)
        say("kill", pid, title)
        kill(pid)


def kill_app():
    apps = [app for app in json.loads(box("ps", "--format", "json")[1]) if app["pid"] > 0]
    if apps:
        app = random.choice(apps)
        say("kill", app["name"])
        kill(app["pid"])


def change():
    global generation
    generation += 1
    write()


def begin_up():
    change()
    return subprocess.Popen(BOX + ["up", "-q", "app.json"], cwd=WORK, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def replace():
    change()
    must("up", "-q", "app.json")


def replace_killed():
    up = begin_up()
    time.sleep(random.random() * random.choice([0.1, 0.5, 2.5]))
    up.kill()
    up.wait()


def replace_disturbed():
    up = begin_up()
    time.sleep(random.random())
    kill_process()
    try:
        say("up ended with", up.wait(WAIT))  # it may fail; the next one may not
    except subprocess.TimeoutExpired:
        fail("box up hangs")
        up.kill()


def restart():
    must("restart", random.choice([NAME, NAME + "-web", NAME + "-db"]))


def stop_and_start():
    name = random.choice([NAME, NAME + "-web", NAME + "-db"])
    must("stop", name)
    must("start", name)


def roll_back():
    say(*box("rollback", NAME + "-web"))  # there may be nothing to go back to


STEPS = [kill_process, kill_process, kill_app, replace, replace_killed, replace_killed, replace_disturbed, restart, stop_and_start, roll_back]


def answers():
    """What does not answer, and how; empty: all do."""
    ask = "timeout 4 wget -qO- http://web/ && nc -w 2 db 5432 </dev/null"
    end, said = time.time() + ANSWER, ""
    while time.time() < end:
        code, said = run("curl", "-sS", "-m", "3", "http://127.0.0.1:8080/")
        if code == 0 and said.startswith("web-"):
            code, said = box("exec", NAME + "-client", "sh", "-c", ask)
            if code == 0 and "web-" in said and "db" in said:
                return ""
        time.sleep(0.05)
    return said or "nothing"


def leftovers():
    links = [line for line in run("ip", "-br", "link")[1].splitlines() if not line.startswith("lo ")]
    rules = run("nft", "list", "ruleset")[1].split("\n")[:3]
    with open("/proc/mounts") as file:
        mounts = [line for line in file if WORK in line]
    groups = [path for path in glob.glob("/sys/fs/cgroup/*/box/*") if "/%s-" % NAME in path]
    own = [title for _, title in processes() if NAME in title]
    apps = box("ps", "-aq")[1].split()
    return [words for words in [links, [line for line in rules if line], mounts, groups, own, apps] if words]


def soak(end):
    steps = 0
    while time.time() < end:
        must("up", "-q", "app.json")
        for _ in range(random.randint(4, 12)):
            step = random.choice(STEPS)
            steps += 1
            say(step.__name__)
            step()
            must("up", "-q", "app.json")
            silent = answers()
            if silent:
                fail("after %s nobody answers" % step.__name__, silent + box("ps", "-a")[1])
                must("restart", NAME)
        must("down", "--volumes", "app.json")
        for _ in range(50):
            left = leftovers()
            if not left:
                break
            time.sleep(0.1)
        if left:
            fail("something is left", str(left))
    return steps


def main():
    global log
    random.seed(SEED)
    os.environ.update(BOX_STORE=WORK + "/store", XDG_CACHE_HOME=WORK + "/cache")
    if USER:
        os.environ.update(HOME=WORK, XDG_RUNTIME_DIR=WORK)
        os.chown(WORK, USER.pw_uid, USER.pw_gid)
    os.chmod(WORK, 0o711)
    log = open(WORK + "/log", "w")
    run(os.path.dirname(os.path.abspath(__file__)) + "/../../scripts/make-rootfs", WORK + "/rootfs")
    run("ip", "link", "set", "lo", "up")
    write()
    steps = soak(time.time() + SECONDS)
    box("down", "--volumes", "app.json")
    print("%d steps, %d failed (seed %d)%s" % (steps, failed, SEED, " " + WORK if failed else ""))
    if not failed:
        shutil.rmtree(WORK, ignore_errors=True)
    sys.exit(1 if failed else 0)


main()
