import express from "express";
import { greeting } from "./greeting";

const app = express();
app.get("/healthz", (_, answer) => { answer.send("ok\n"); });
app.get("/:name", (request, answer) => { answer.send(greeting(request.params.name) + "\n"); });
const server = app.listen(Number(process.env.PORT ?? 3000));
process.on("SIGTERM", () => server.close());
