module hello {
}
