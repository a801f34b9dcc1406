// Fetches a mailbox with node-pop3 and prints the messages, octets as Latin-1, as one JSON array.
const fs = require('fs');

const job = JSON.parse(process.argv[2]);
const Pop3Command = require(job.module);
const pop = new Pop3Command({
  user: job.user, password: job.password, host: 'localhost', port: job.port, tls: job.tls, timeout: 20000,
  tlsOptions: job.tls ? {ca: fs.readFileSync(job.ca)} : {},
});

async function octets(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function main() {
  const messages = [];
  await pop._connect();
  const count = Number((await pop.STAT()).split(' ')[0]);
  for (let number = 1; number <= count; number++) {
    const [, stream] = await pop.command('RETR', number);
    messages.push((await octets(stream)).toString('latin1'));
  }
  await pop.QUIT();
  process.stdout.write(JSON.stringify(messages));
}

main().catch((error) => { console.error(error); process.exit(1); });
