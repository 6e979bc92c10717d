// SPDX-License-Identifier: MIT
// Amazon's own SDK for JavaScript as a client of sqs_sim.py; test_sdk.py runs it.
// Prints the answers as one JSON line.
import { createRequire } from "node:module";

const [folder, url, id, secret, imds] = process.argv.slice(2);
const sdk = createRequire(folder + "/")("@aws-sdk/client-sqs");
const client = (credentials) =>
  new sdk.SQSClient({ region: "eu-west-1", endpoint: new URL(url).origin, credentials, maxAttempts: 1 });
const good = client({ accessKeyId: id, secretAccessKey: secret });
const ask = (who, name, members) => who.send(new sdk[name + "Command"]({ QueueUrl: url, ...members }));
const refusal = async (who, members) => {
  try {
    await ask(who, "ReceiveMessage", members);
    return "none";
  } catch (error) {
    return `${error.name} ${error.$metadata.httpStatusCode}`;
  }
};

const seen = { bodies: [] };
await ask(good, "SendMessageBatch", { Entries: [{ Id: "a", MessageBody: "grüße 📞" }, { Id: "b", MessageBody: "b" }] });
const { Messages } = await ask(good, "ReceiveMessage", { MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
                                                        MessageSystemAttributeNames: ["All"] });
seen.bodies = Messages.map((message) => message.Body).sort(); // the SDK has compared their MD5
seen.receives = Messages.map((message) => message.Attributes.ApproximateReceiveCount);
const deleted = await ask(good, "DeleteMessageBatch", { Entries: [
  { Id: "x", ReceiptHandle: Messages[0].ReceiptHandle }, { Id: "y", ReceiptHandle: "nonsense" }] });
seen.failed = deleted.Failed.map((entry) => `${entry.Id} ${entry.Code}`);
await ask(good, "ChangeMessageVisibility", { ReceiptHandle: Messages[1].ReceiptHandle, VisibilityTimeout: 0 });
const { Attributes } = await ask(good, "GetQueueAttributes", { AttributeNames: ["All"] });
seen.left = Attributes.ApproximateNumberOfMessages;
seen.wrong_secret = await refusal(client({ accessKeyId: id, secretAccessKey: "x" }));
seen.unknown_key = await refusal(client({ accessKeyId: "AKIAX", secretAccessKey: "x" }));
seen.no_queue = await refusal(good, { QueueUrl: url + "x" });
process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = imds;
seen.by_instance_keys = (await ask(client(undefined), "ReceiveMessage", {})).Messages.length;
console.log(JSON.stringify(seen));
