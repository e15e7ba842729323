from flask import Flask, jsonify

app = Flask(__name__)


@app.route("/sum/<int:a>/<int:b>")
def add(a, b):
    return jsonify(sum=a + b)
