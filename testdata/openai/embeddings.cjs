// Embeds the texts of stdin with OpenAI's client for Node and prints what it
// got. The client reads OPENAI_BASE_URL and OPENAI_API_KEY by itself.

const fs = require('node:fs')
const { OpenAI, APIError } = require('openai')

async function embed (input, { client = new OpenAI(), model = 'minilm', ...options } = {}) {
  const answer = await client.embeddings.create({ model, input, ...options })
  if (answer.data.some((d, i) => d.index !== i)) throw new Error('the vectors are not in order')
  return { vectors: answer.data.map(d => d.embedding), model: answer.model, tokens: answer.usage.total_tokens }
}

async function refusal (...args) {
  try {
    return JSON.stringify(await embed(...args))
  } catch (e) {
    if (!(e instanceof APIError)) throw e
    return `${e.constructor.name} ${e.status}`
  }
}

async function main () {
  const texts = JSON.parse(fs.readFileSync(0, 'utf8'))
  console.log(JSON.stringify({
    client: require('openai/version').VERSION,
    default: await embed(texts),
    float: await embed(texts, { encoding_format: 'float', dimensions: 384, user: 'somebody' }),
    base64: await embed(texts, { encoding_format: 'base64' }),
    one: await embed(texts[0]),
    refusals: {
      model: await refusal(texts, { model: 'text-embedding-3-small' }),
      key: await refusal(texts, { client: new OpenAI({ apiKey: 'wrong' }) }),
      'no key': await refusal(texts, { client: new OpenAI({ defaultHeaders: { Authorization: null } }) }),
      'no texts': await refusal([]),
      tokens: await refusal([[101, 102]])
    }
  }))
}

main()
