"""What runs inside an instance: importing releases, starting promotions, carrying them out."""
