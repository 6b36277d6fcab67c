/** The messages of TensorBoard's event files that are used here (tensorflow/core/util/event.proto, framework/summary.proto). */
import protobuf from "protobufjs";

/** A value of a summary: a number or a picture. */
export interface SummaryValue {
  readonly tag: string;
  readonly simpleValue?: number;
  readonly image?: {
    readonly height: number;
    readonly width: number;
    /** Channels: 3 is RGB, 4 is RGBA. */
    readonly colorspace: number;
    /** PNG. */
    readonly encodedImageString: Uint8Array;
  };
}

export interface EventMessage {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step?: number;
  readonly fileVersion?: string;
  readonly summary?: { readonly value: readonly SummaryValue[] };
}

const root = protobuf.Root.fromJSON({
  nested: {
    Event: {
      oneofs: { what: { oneof: ["fileVersion", "summary"] } },
      fields: {
        wallTime: { type: "double", id: 1 },
        step: { type: "int64", id: 2 },
        fileVersion: { type: "string", id: 3 },
        summary: { type: "Summary", id: 5 },
      },
    },
    Summary: {
      fields: { value: { rule: "repeated", type: "Value", id: 1 } },
      nested: {
        Image: {
          fields: {
            height: { type: "int32", id: 1 },
            width: { type: "int32", id: 2 },
            colorspace: { type: "int32", id: 3 },
            encodedImageString: { type: "bytes", id: 4 },
          },
        },
        Value: {
          oneofs: { value: { oneof: ["simpleValue", "image"] } },
          fields: {
            tag: { type: "string", id: 1 },
            simpleValue: { type: "float", id: 2 },
            image: { type: "Image", id: 4 },
          },
        },
      },
    },
  },
});
const Event = root.lookupType("Event");

/** The bytes of an event. */
export function encodeEvent(event: EventMessage): Uint8Array {
  return Event.encode(Event.create(event as object)).finish();
}

/** Step and version of an event; 0 and "" where it has none. @throws {Error} where the bytes are no event. */
export function decodeEvent(bytes: Uint8Array): { readonly step: number; readonly fileVersion: string } {
  const { step, fileVersion } = Event.decode(bytes) as unknown as { step: unknown; fileVersion: string };
  return { step: Number(step as number | { toString(): string }), fileVersion };
}
