/** `POST /api/v1/write`: the receiver of `lib/remote/` behind HTTP. */
import { WRITE_BODY_BYTES_MAX, type WriteAnswer } from "../remote/receiver.ts";
import { readBody } from "./body.ts";
import { plainReply } from "./errors.ts";
import type { Reply } from "./reply.ts";
import type { Call } from "./route.ts";

export async function remoteWrite(call: Call): Promise<Reply> {
  if (!call.deps.options.enableRemoteWriteReceiver) {
    return plainReply(
      404,
      "remote write receiver needs to be enabled with --web.enable-remote-write-receiver",
    );
  }
  const { headers } = call.request;
  const refused = call.receiver.refuseHead({
    contentType: headers.get("Content-Type") ?? "",
    contentEncoding: headers.get("Content-Encoding") ?? "",
  });
  if (refused !== undefined) return answerReply(refused);
  const body = await readBody(call.request, WRITE_BODY_BYTES_MAX);
  if (body === undefined) {
    return answerReply({
      status: 400,
      text: `request body is too large: at most ${WRITE_BODY_BYTES_MAX} bytes`,
      samplesWritten: 0,
      histogramsWritten: 0,
      exemplarsWritten: 0,
    });
  }
  return answerReply(await call.receiver.receive(body, call.nowMs));
}

function answerReply(answer: WriteAnswer): Reply {
  const written = {
    "X-Prometheus-Remote-Write-Samples-Written": String(answer.samplesWritten),
    "X-Prometheus-Remote-Write-Histograms-Written": String(answer.histogramsWritten),
    "X-Prometheus-Remote-Write-Exemplars-Written": String(answer.exemplarsWritten),
  };
  if (answer.status === 204) return { status: 204, headers: written };
  const reply = plainReply(answer.status, answer.text);
  return { ...reply, headers: { ...reply.headers, ...written } };
}
