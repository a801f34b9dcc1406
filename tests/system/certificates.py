"""A test authority made by openssl(1), and certificates that are right or wrong in one way each."""
from places import HOST, run

CONFIG = """
[ca]
default_ca = test
[test]
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""
NAMES = ["DNS:localhost", f"IP:{HOST}"]
NOW, PAST, PAST_END = "20240101000000Z", "20150101000000Z", "20160101000000Z"
FAR_END = "20990101000000Z"


class Authority:
    """Keys and certificates as files in `folder`; `file` is the authority's own certificate."""

    def __init__(self, folder, name="popgate test authority"):
        self.folder = folder
        folder.mkdir()
        (folder / "index").write_text("")
        (folder / "serial").write_text("1000\n")
        self.config = folder / "openssl.cnf"
        self.config.write_text(CONFIG.format(folder=folder))
        self.file, self.key = folder / "ca.pem", folder / "ca.key"
        run("openssl", "req", "-x509", "-config", self.config, *self.new_key(self.key), "-out", self.file,
            "-subj", f"/CN={name}", "-days", "7000", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @staticmethod
    def new_key(path, kind="ec"):
        options = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256") if kind == "ec" else (kind,)
        return "-newkey", *options, "-nodes", "-keyout", path

    def issue(self, file, names, start=NOW, end=FAR_END, key_kind="ec"):
        """
        A certificate for the subjectAltNames `names`: its file, with the key in the same file and beside it in .key. The key
        is of `key_kind`, "ec" or as "rsa:2048".
        """
        certificate, key, request = (self.folder / (file + end_) for end_ in (".pem", ".key", ".csr"))
        run("openssl", "req", "-config", self.config, *self.new_key(key, key_kind), "-out", request, "-subj", f"/CN={file}",
            "-addext", "subjectAltName=" + ",".join(names))
        run("openssl", "ca", "-batch", "-notext", "-config", self.config, "-cert", self.file, "-keyfile", self.key,
            "-in", request, "-out", certificate, "-startdate", start, "-enddate", end)
        certificate.write_text(certificate.read_text() + key.read_text())
        certificate.chmod(0o600)
        key.chmod(0o600)
        return certificate

    def issue_expired(self, file, names):
        return self.issue(file, names, PAST, PAST_END)
