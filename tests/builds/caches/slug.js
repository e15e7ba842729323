console.log(require("slugify")(process.argv.slice(2).join(" "), { lower: true }), require("ms")("2 days"));
