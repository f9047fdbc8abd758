import * as grpc from "@grpc/grpc-js";

/**
 * A unary call: answers with what the handler gives, or with its error's message. `metadataOf`: what
 * goes along with an error.
 */
export const unary =
  <Request, Response>(
    handler: (request: Request) => Promise<Response> | Response,
    metadataOf: (error: unknown) => grpc.Metadata = () => new grpc.Metadata(),
  ): grpc.handleUnaryCall<Request, Response> =>
  async (call, reply) => {
    try {
      reply(null, await handler(call.request));
    } catch (error) {
      reply({
        code: grpc.status.UNKNOWN,
        details: (error as Error).message,
        metadata: metadataOf(error),
      });
    }
  };
