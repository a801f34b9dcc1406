"""Keys and certificates of the bench, all P-256: one for the proxies, and for the server a chain up to a root that they trust."""
import subprocess

NAME = "mail.bench.example"
KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
AUTHORITY = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")


def issue(folder, name, subject, issuer, *extensions):
    """name.pem and name.key; `issuer` is the name of another one, None: it signs itself."""
    by = ("-CA", folder / f"{issuer}.pem", "-CAkey", folder / f"{issuer}.key") if issuer else ()
    subprocess.run(["openssl", "req", "-x509", *KEY, "-days", "2", "-subj", f"/CN={subject}", "-out", folder / f"{name}.pem",
                    "-keyout", folder / f"{name}.key", *by, *extensions], check=True, capture_output=True)


def make(folder):
    """site.pem, site.key and both.pem for the proxies; root.pem; chain.pem and server.key, with an authority between."""
    issue(folder, "site", "bench", None)
    issue(folder, "root", "bench root", None, *AUTHORITY)
    issue(folder, "between", "bench authority", "root", *AUTHORITY)
    issue(folder, "server", NAME, "between", "-addext", f"subjectAltName=DNS:{NAME}", "-addext", "basicConstraints=CA:FALSE")
    both, server = folder / "both.pem", folder / "chain.pem"
    both.write_text((folder / "site.key").read_text() + (folder / "site.pem").read_text())
    server.write_text((folder / "server.pem").read_text() + (folder / "between.pem").read_text())
    for secret in (*folder.glob("*.key"), both):
        secret.chmod(0o600)
