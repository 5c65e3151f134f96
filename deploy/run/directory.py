"""The demo company of a stack: made once with the operator's CLI, remembered in directory.json.

Company, administrator (with a one-time link that sets the password, S-62), technician (with a password in a
file), an API key for each. What is remembered is only trusted while Redis still has the company.
"""
import json
import secrets
import subprocess

from keys import write_private
from process import StackError
from redis_probe import redis_command

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
PERMISSIONS = "adhoc_support,full_remote_control"


class Directory:
    def __init__(self, cli, redis_url, folder, env):
        self.cli, self.redis_url, self.folder, self.env = cli, redis_url, folder, env

    def operator(self, command, *args):
        argv = [str(self.cli), "operator", command, "--redis", self.redis_url, *args]
        result = subprocess.run(argv, capture_output=True, text=True, env=self.env, timeout=60, check=False)
        if result.returncode != 0:
            raise StackError(f"beistand-cli operator {command}: {(result.stderr or result.stdout).strip()}")
        return json.loads(result.stdout.strip().splitlines()[-1])

    def create_company(self, name, contact="+49 30 123456", plan="premier", seats=20):
        return self.operator("company-create", "--name", name, "--contact", contact, "--plan", plan,
                             "--seats", str(seats))["id"]

    def create_technician(self, company, name, email, role="technician", permissions=PERMISSIONS, password=None):
        """Returns id and activate_token (None when a password is given)."""
        args = ["--company", company, "--name", name, "--email", email, "--role", role, "--permissions", permissions]
        if not password:
            made = self.operator("technician-create", *args)
            return made["id"], made["activate_token"]
        path = self.folder / f"password-{secrets.token_hex(4)}"
        write_private(path, password)
        try:
            return self.operator("technician-create", *args, "--password-file", str(path))["id"], None
        finally:
            path.unlink()

    def create_key(self, company, technician):
        return self.operator("key-create", "--company", company, "--technician", technician)["key"]

    def exists(self, company):
        bucket = CROCKFORD.index(company[0]) << 3 | CROCKFORD.index(company[1]) >> 2
        return redis_command(self.redis_url, "EXISTS", f"{{s{bucket:02d}}}:company:{company}") == 1

    def ensure_demo(self):
        """Returns the remembered or new directory: ids, e-mail addresses and names of files with secrets."""
        memory = self.folder / "directory.json"
        if memory.exists():
            known = json.loads(memory.read_text())
            if self.exists(known["company"]):
                return known
        made = self.make_demo()
        write_private(memory, json.dumps(made, indent=1) + "\n")
        return made

    def make_demo(self):
        company = self.create_company("Demo IT Services")
        suffix = secrets.token_hex(3)
        password = secrets.token_urlsafe(15)
        admin_email, technician_email = f"admin-{suffix}@demo.example", f"tina-{suffix}@demo.example"
        admin, token = self.create_technician(company, "Ada Admin", admin_email, "administrator")
        technician, _ = self.create_technician(company, "Tina Technician", technician_email, password=password)
        write_private(self.folder / "technician-password", password + "\n")
        write_private(self.folder / "technician.key", self.create_key(company, technician) + "\n")
        write_private(self.folder / "admin.key", self.create_key(company, admin) + "\n")
        return {"company": company, "technician": technician, "technician_email": technician_email,
                "admin": admin, "admin_email": admin_email, "activate_token": token}
