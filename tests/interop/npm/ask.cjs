// Asks a mailrisk through Google's own client, unmodified: node ask.cjs PORT, one JSON array of calls
// [key, method, request] on standard input; prints one JSON array of answers or errors.
const {v1} = require("@google-cloud/web-risk");

async function main() {
  const [port] = process.argv.slice(2);
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const clients = {};
  const answers = [];
  for (const [apiKey, method, request] of JSON.parse(Buffer.concat(chunks).toString())) {
    clients[apiKey] ??= new v1.WebRiskServiceClient({
      apiEndpoint: "127.0.0.1", port: Number(port), protocol: "http", fallback: true, apiKey,
    });
    try {
      const [answer] = await clients[apiKey][method](request);
      answers.push({answer});
    } catch (error) {
      answers.push({code: error.code, message: error.message});
    }
  }
  process.stdout.write(JSON.stringify(answers));
}

main().catch((error) => { console.error(error); process.exit(1); });
