fn main() {
    println!("relayed");
}
