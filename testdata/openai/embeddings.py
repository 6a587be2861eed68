"""Embeds the texts of stdin with OpenAI's client for Python and prints what it got.

The client reads OPENAI_BASE_URL and OPENAI_API_KEY by itself.
"""

import json
import sys

import openai


def embed(texts, client=openai.OpenAI(), model="minilm", **options):
    answer = client.embeddings.create(model=model, input=texts, **options)
    assert [d.index for d in answer.data] == list(range(len(answer.data)))
    return {"vectors": [d.embedding for d in answer.data], "model": answer.model, "tokens": answer.usage.total_tokens}


def refusal(*args, **options):
    try:
        return str(embed(*args, **options))
    except openai.APIStatusError as e:
        return f"{type(e).__name__} {e.status_code}"


texts = json.load(sys.stdin)
json.dump(
    {
        "client": openai.__version__,
        "default": embed(texts),
        "float": embed(texts, encoding_format="float", dimensions=384, user="somebody"),
        "base64": embed(texts, encoding_format="base64"),
        "one": embed(texts[0]),
        "refusals": {
            "model": refusal(texts, model="text-embedding-3-small"),
            "key": refusal(texts, client=openai.OpenAI(api_key="wrong")),
            "no key": refusal(texts, extra_headers={"Authorization": openai.Omit()}),
            "no texts": refusal([]),
            "tokens": refusal([[101, 102]]),
        },
    },
    sys.stdout,
)
