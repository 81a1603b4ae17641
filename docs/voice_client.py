"""说一句话，听一句回答：文娱助手实时语音的最小客户端（aiohttp；录音是 16 位单声道 WAV）。

python voice_client.py http://127.0.0.1:8080 question.wav answer.mp3
"""

import asyncio
import json
import sys
import uuid
import wave

import aiohttp

CHUNK_S = 0.1


async def talk(url: str, question: str, answer: str, real_time: bool = True) -> tuple[str, list[str]]:
    """Send a recording, save the spoken answer; returns what was heard and the answer's texts."""
    with wave.open(question, "rb") as recording:
        rate, samples = recording.getframerate(), recording.readframes(recording.getnframes())
        assert (recording.getnchannels(), recording.getsampwidth()) == (1, 2), "要 16 位单声道"
    heard, texts = "", []
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{url}/api/v1/sessions") as response:
            token = (await response.json())["token"]
        protocols = ("wenyu.v1", f"bearer.{token}")
        async with http.ws_connect(f"{url}/api/v1/speech/ws", protocols=protocols) as ws:

            async def speak() -> None:
                start = {"type": "start", "id": uuid.uuid4().hex, "rate": rate, "converse": True, "format": "mp3"}
                await ws.send_str(json.dumps(start))
                step = int(rate * CHUNK_S) * 2
                for place in range(0, len(samples), step):
                    await ws.send_bytes(samples[place : place + step])
                    await asyncio.sleep(CHUNK_S if real_time else 0)
                await ws.send_str('{"type": "stop"}')

            speaking = asyncio.create_task(speak())
            with open(answer, "wb") as sound:
                async for message in ws:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        sound.write(message.data)
                        continue
                    frame = json.loads(message.data)
                    if frame["type"] == "partial":
                        print("…", frame["text"])
                    elif frame["type"] == "final":
                        heard = frame["text"]
                    elif frame["type"] == "message":
                        texts.append(frame["message"]["text"])
                    elif frame["type"] == "error":
                        raise SystemExit(frame["error"]["message"])
                    elif frame["type"] == "done":
                        break
            await speaking
    return heard, texts


if __name__ == "__main__":
    said, replies = asyncio.run(talk(*sys.argv[1:4]))
    print("听到：", said, "\n回答：", "\n".join(replies), sep="")
